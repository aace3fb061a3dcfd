using System.Collections.Concurrent;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What goes wrong in a storage, when the test says so: calls that wait, and calls that fail in each way that they can.</summary>
internal sealed class ModelFaults
{
    public const string RefusedId = "too-large";

    private readonly ConcurrentQueue<string> _nextCommits = new();
    private readonly List<TaskCompletionSource> _held = [];
    private readonly ConcurrentQueue<Action> _nextOpens = new();
    private int _failingLoads;

    public ModelFaults(MemoryStorage storage)
    {
        storage.BeforeOpen = async _ =>
        {
            await WaitAsync();
            if (_nextOpens.TryDequeue(out var happens)) happens();
        };
        storage.BeforeLoad = async (_, _) =>
        {
            await WaitAsync();
            if (_failingLoads > 0 && _failingLoads-- > 0) throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        };
        storage.BeforeCommit = async (batch, _) =>
        {
            await WaitAsync();
            if (batch.Any(update => update.Insert.Any(item => item.Id == RefusedId)))
                throw new ItemServiceException(ItemServiceFault.TooLarge, "too large");
            if (!_nextCommits.TryPeek(out var fault) || fault == "lost after") return;
            _nextCommits.TryDequeue(out string? _);
            throw fault switch
            {
                "away" => new ItemServiceException(ItemServiceFault.Unavailable, "away"),
                "lost before" => new ItemServiceException(ItemServiceFault.OutcomeUnknown, "lost"),
                _ => new InvalidOperationException("a plugin's bug"),
            };
        };
        storage.AfterCommit = _ =>
        {
            if (!_nextCommits.TryPeek(out var fault) || fault != "lost after") return Task.CompletedTask;
            _nextCommits.TryDequeue(out string? _);
            throw new ItemServiceException(ItemServiceFault.OutcomeUnknown, "lost");
        };
    }

    /// <summary>Whether calls wait until <see cref="LetGo"/>.</summary>
    public bool Holding { get; set; }

    public void FailCommit(string fault) => _nextCommits.Enqueue(fault);

    /// <summary>What happens when it is opened next.</summary>
    public void AtNextOpen(Action happens) => _nextOpens.Enqueue(happens);

    /// <summary>Forgets what was to happen when it is opened.</summary>
    public void OpenWell() => _nextOpens.Clear();

    public void FailLoads(int count) => _failingLoads = count;

    public void LetGo()
    {
        Holding = false;
        foreach (var held in _held) held.SetResult();
        _held.Clear();
    }

    public void Heal()
    {
        LetGo();
        OpenWell();
        _nextCommits.Clear();
        _failingLoads = 0;
    }

    private Task WaitAsync()
    {
        if (!Holding) return Task.CompletedTask;
        var held = new TaskCompletionSource();
        _held.Add(held);
        return held.Task;
    }
}
