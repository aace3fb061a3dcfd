using System.Buffers.Binary;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Real libraries of all platforms, whole and cut short.</summary>
public sealed class ImageFileTests
{
    private static readonly string _sqlite = Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite");

    private readonly int _seed =
        int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SEED"), out var seed) ? seed : Random.Shared.Next();

    [Fact]
    public void NoLibraryThatComesWithTheHostIsFoundIncomplete()
    {
        var libraries = Directory.EnumerateFiles(AppContext.BaseDirectory)
            .Concat(Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "plugins"), "*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".dll" or ".so" or ".dylib").ToArray();
        Assert.True(libraries.Length > 60, $"{libraries.Length}");
        Assert.All(libraries, library => Assert.Null(ImageFile.FindDamage(library)));
    }

    [Theory]
    [InlineData("runtimes/linux-x64/native/libe_sqlite3.so")]
    [InlineData("runtimes/linux-arm/native/libe_sqlite3.so")]        // 32 bits
    [InlineData("runtimes/linux-s390x/native/libe_sqlite3.so")]      // the other order of bytes
    [InlineData("runtimes/linux-musl-arm64/native/libe_sqlite3.so")]
    [InlineData("runtimes/win-x64/native/e_sqlite3.dll")]
    [InlineData("runtimes/win-x86/native/e_sqlite3.dll")]
    [InlineData("runtimes/osx-arm64/native/libe_sqlite3.dylib")]
    [InlineData("SharedState.Items.Sqlite.dll")]
    [InlineData("Microsoft.Data.Sqlite.dll")]
    public void ALibraryThatIsCutAnywhereIsFoundIncomplete(string name)
    {
        var whole = Read(name);
        Assert.Null(Damage(whole));

        // All boundaries of headers are in the first pages and the last ones.
        var random = new Random(_seed);
        var cuts = Enumerable.Range(0, 4200)
            .Concat(Enumerable.Range(1, 300).Select(back => whole.Length - back))
            .Concat(Enumerable.Range(1, (whole.Length - 1) / 4096).Select(page => page * 4096))
            .Concat(Enumerable.Range(0, 300).Select(_ => random.Next(whole.Length)));
        foreach (var cut in cuts.Where(cut => cut < whole.Length))
            Assert.True(Damage(whole.AsSpan(0, cut)) is not null, $"cut at {cut} of {whole.Length}, seed {_seed}");
    }

    [Fact]
    public void TheDamageNamesTheBytesThatThereAreAndThoseThatThereShouldBe()
    {
        var whole = Elf();
        Assert.Equal($"has 700000 bytes of {EndOfSegments(whole)}", Damage(WithoutSections(whole).AsSpan(0, 700_000)));
        Assert.Equal("has 20 bytes, which are only a part of it", Damage(whole.AsSpan(0, 20)));
    }

    [Fact]
    public void ALibraryWithoutSectionsIsWholeAndFoundIncompleteByItsSegments()
    {
        var stripped = WithoutSections(Elf());
        Assert.Null(Damage(stripped));
        Assert.NotNull(Damage(stripped.AsSpan(0, (int)EndOfSegments(stripped) - 1)));
        Assert.Null(Damage(stripped.AsSpan(0, (int)EndOfSegments(stripped))));
    }

    /// <summary>Some copies give the file its length first; a stalled one has zeros in the rest.</summary>
    [Fact]
    public void ALibraryWhoseEndIsZerosIsFoundIncomplete()
    {
        var half = Elf();
        half.AsSpan(half.Length / 2).Clear();
        Assert.NotNull(Damage(half));
        Assert.NotNull(Damage(new byte[half.Length]));
    }

    [Fact]
    public void AFatLibraryIsFoundIncompleteByItsLastPart()
    {
        byte[][] parts = [Read("runtimes/osx-x64/native/libe_sqlite3.dylib"), Read("runtimes/osx-arm64/native/libe_sqlite3.dylib")];
        var offsets = new[] { 4096, 4096 + parts[0].Length };
        var fat = new byte[offsets[1] + parts[1].Length];
        BinaryPrimitives.WriteUInt32BigEndian(fat, 0xCAFEBABE);
        BinaryPrimitives.WriteUInt32BigEndian(fat.AsSpan(4), 2);
        for (var part = 0; part < 2; part++)
        {
            BinaryPrimitives.WriteInt32BigEndian(fat.AsSpan(8 + (20 * part) + 8), offsets[part]);
            BinaryPrimitives.WriteInt32BigEndian(fat.AsSpan(8 + (20 * part) + 12), parts[part].Length);
            parts[part].CopyTo(fat, offsets[part]);
        }
        Assert.Null(Damage(fat));
        foreach (var cut in new[] { 4, 8, 30, 48, 5000, offsets[1], fat.Length - 1 }) Assert.NotNull(Damage(fat.AsSpan(0, cut)));
    }

    [Theory]
    [InlineData("notes.txt", new byte[0], false)]
    [InlineData("a.dll", new byte[0], true)]
    [InlineData("a.so", new byte[] { 0x7F }, true)]
    [InlineData("liba.so.1", new byte[] { 0, 0, 0, 0, 0 }, true)]
    [InlineData("zeros.bin", new byte[] { 0, 0, 0, 0, 0 }, false)]
    [InlineData("script.so", new byte[] { (byte)'/', (byte)'*', (byte)' ', (byte)'G', (byte)'N', (byte)'U' }, false)]
    [InlineData("A.class", new byte[] { 0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52, 1 }, false)]
    public void TheNameDecidesWhereTheContentCannot(string name, byte[] content, bool incomplete)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder[name], content);
        Assert.Equal(incomplete, ImageFile.FindDamage(folder[name]) is not null);
    }

    /// <summary>Headers of garbage lead to an answer, and not to an endless loop, a huge allocation or another exception.</summary>
    [Fact]
    public void DamagedHeadersAreJudgedToo()
    {
        var random = new Random(_seed);
        string[] names =
        [
            "runtimes/linux-x64/native/libe_sqlite3.so",
            "runtimes/osx-arm64/native/libe_sqlite3.dylib",
            "runtimes/win-x64/native/e_sqlite3.dll",
        ];
        foreach (var name in names)
        {
            var start = Read(name)[..8192];
            for (var round = 0; round < 500; round++)
            {
                var damaged = start.ToArray();
                for (var count = random.Next(1, 20); count > 0; count--) damaged[random.Next(4, 1024)] = (byte)random.Next(256);
                try
                {
                    Damage(damaged);
                }
                catch (Exception e)
                {
                    Assert.Fail($"{name}, round {round}, seed {_seed}: {e}");
                }
            }
        }
    }

    private static string? Damage(ReadOnlySpan<byte> content) => new ImageFile(new MemoryStream(content.ToArray())).FindDamage(named: true);

    private static byte[] Elf() => Read("runtimes/linux-x64/native/libe_sqlite3.so");

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(_sqlite, name));

    /// <summary>As after <c>sstrip</c>: e_shoff, e_shnum and e_shstrndx are zero.</summary>
    private static byte[] WithoutSections(byte[] elf)
    {
        var stripped = elf.ToArray();
        stripped.AsSpan(40, 8).Clear();
        stripped.AsSpan(60, 4).Clear();
        return stripped;
    }

    private static long EndOfSegments(byte[] elf)
    {
        var (table, count) = (BitConverter.ToInt64(elf, 32), BitConverter.ToInt16(elf, 56));
        return Enumerable.Range(0, count).Select(index => (int)table + (56 * index))
            .Max(segment => BitConverter.ToInt64(elf, segment + 8) + BitConverter.ToInt64(elf, segment + 32));
    }
}
