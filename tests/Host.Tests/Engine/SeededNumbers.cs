using System.Security.Cryptography;

namespace SharedState.Host.Tests.Engine;

/// <summary>Random numbers that are the same in each run with the same seed.</summary>
internal sealed class SeededNumbers(int seed) : RandomNumberGenerator
{
    private readonly Random _random = new(seed);

    public override void GetBytes(byte[] data) => _random.NextBytes(data);
}
