using BenchmarkDotNet.Attributes;
using SharedState.Host.Protocol;

namespace SharedState.Micro;

/// <summary>Reading a PUT of one item of 100 bytes, and writing its reply.</summary>
public class Messages
{
    private readonly byte[] _message = Arrangement.Put(Updates.Batches(1, 1)[0][0]);
    private Request _request = null!;

    [GlobalSetup]
    public void Prepare() => _request = Arrangement.Read(_message);

    [Benchmark]
    public object Parse() => Arrangement.Read(_message);

    [Benchmark]
    public object Reply() => Arrangement.Reply(_request);
}
