using SharedState.Host.Collections;

namespace SharedState.Host.Tests.Collections;

/// <summary>The turns of a service: no work is lost, and no two turns overlap, in every order of the steps of two threads that
/// matters.</summary>
public sealed class TurnsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A second thread posts while the first stands at a point of its turn.</summary>
    [Theory]
    [InlineData(nameof(TurnPoint.Scheduled))]
    [InlineData(nameof(TurnPoint.FoundNothing))]
    [InlineData(nameof(TurnPoint.Ended))]
    public async Task WorkThatIsPostedBetweenTwoStepsOfATurnIsRun(string point)
    {
        var done = new List<int>();
        using var second = new ManualResetEventSlim();
        var paused = 0;
        Turns turns = null!;
        turns = new(TaskScheduler.Default, work => work?.Run(), () => false, reached =>
        {
            if (reached.ToString() != point || Interlocked.Exchange(ref paused, 1) != 0) return;
            var other = new Thread(() => turns.Post(new Step(() => Add(2))));
            other.Start();
            other.Join(); // the whole post happens here
        });
        turns.Post(new Step(() => Add(1)));
        Assert.True(second.Wait(Patience), $"the second work is lost at {point}");
        await Wait(done, 2);
        Assert.Equal(1, paused);

        void Add(int number)
        {
            lock (done) done.Add(number);
            if (number == 2) second.Set();
        }
    }

    /// <summary>The poster stands between adding its work and scheduling a turn for it, while a turn runs to its end.</summary>
    [Fact]
    public async Task ATurnThatEndsWhileWorkIsBeingPostedRunsIt()
    {
        var done = new List<int>();
        var turnEnded = new ManualResetEventSlim();
        var posting = new ThreadLocal<bool>();
        Turns turns = null!;
        turns = new(TaskScheduler.Default, work => work?.Run(), () => false, reached =>
        {
            if (reached == TurnPoint.Ended) turnEnded.Set();
            if (reached == TurnPoint.Posted && posting.Value) Assert.True(turnEnded.Wait(Patience));
        });
        var poster = new Thread(() =>
        {
            posting.Value = true;
            turns.Post(new Step(() => Add(1))); // is in the inbox, and nothing is scheduled
        });
        poster.Start();
        SpinWait.SpinUntil(() => !poster.IsAlive || poster.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Patience);
        turns.Post(new Step(() => Add(2)));
        await Wait(done, 2);
        poster.Join();
        Assert.Equal([1, 2], done);

        void Add(int number)
        {
            lock (done) done.Add(number);
        }
    }

    [Fact]
    public async Task TurnsNeverOverlapAndRunTheWorkOfEachThreadInItsOrder()
    {
        const int Threads = 4, Each = 2_000;
        var (inside, overlaps, count) = (0, 0, 0);
        var last = new int[Threads];
        var outOfOrder = 0;
        Turns turns = null!;
        turns = new(TaskScheduler.Default, work => work?.Run(), () => false, _ =>
        {
            if ((Environment.TickCount64 & 3) == 0) Thread.Yield();
        });
        var posters = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (var number = 1; number <= Each; number++)
                {
                    var own = number;
                    turns.Post(new Step(() =>
                    {
                        if (Interlocked.Increment(ref inside) != 1) overlaps++;
                        if (last[thread] != own - 1) outOfOrder++;
                        last[thread] = own;
                        Interlocked.Decrement(ref inside);
                        Interlocked.Increment(ref count);
                    }));
                    if (number % 7 == 0) turns.Run();
                }
            },
            TaskCreationOptions.LongRunning));
        await Task.WhenAll(posters);
        Assert.True(
            SpinWait.SpinUntil(() => Volatile.Read(ref count) == Threads * Each, Patience),
            $"{count} of {Threads * Each} pieces of work were run");
        Assert.Equal((0, 0), (overlaps, outOfOrder));
    }

    [Fact]
    public async Task WorkAfterTheLastTurnIsAbandonedWithTheReason()
    {
        var ended = false;
        Turns turns = new(TaskScheduler.Default, work => work?.Run(), () => ended) { ClosedBecause = Error.NoService };
        turns.Post(new Step(() => ended = true));
        await turns.Ended.WaitAsync(Patience);
        var abandoned = new TaskCompletionSource();
        turns.Post(new Step(() => Assert.Fail("ran"), abandon: abandoned.SetResult));
        await abandoned.Task.WaitAsync(Patience);
    }

    private static async Task Wait(List<int> done, int count)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            lock (done)
            {
                if (done.Count == count) return;
            }
            Assert.True(DateTime.UtcNow < deadline, "work is lost");
            await Task.Delay(1);
        }
    }
}
