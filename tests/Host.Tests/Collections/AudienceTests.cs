using System.Diagnostics;
using SharedState.Host.Collections;
using SharedState.Host.Contents;

namespace SharedState.Host.Tests.Collections;

/// <summary>What a reply costs that may have to wait for a lagging subscription of its own client.</summary>
public sealed class AudienceTests
{
    [Fact]
    public void ALaggingSubscriptionOfAnotherClientDoesNotMakeAReplyCostMoreWithMoreSubscribers()
    {
        var few = TimeOfReplies(subscribers: 100);
        var many = TimeOfReplies(subscribers: 20_000);
        Assert.True(many < 20 * few, $"200 times the subscribers cost {many / few:0} times as much");
    }

    [Fact]
    public void AReplyWaitsForTheSubscriptionsOfItsOwnClientToItsCollectionOnly()
    {
        var (collection, other) = (NewCollection(), NewCollection());
        var lane = new Lane(null!);
        var own = new Follower();
        var subscription = Subscribe(collection, lane, own);
        Subscribe(other, lane, new Follower { Full = true });
        Subscribe(collection, new(null!), new Follower { Full = true });
        own.Full = true;
        Change(collection);

        var update = new Update(lane) { Collection = collection };
        update.Settle(collection.Position);
        Assert.Equal(0, update.Answers);
        own.Full = false;
        subscription.View!.Audience.CatchUp(subscription, asked: true);
        Assert.Equal(1, update.Answers);
    }

    /// <summary>On a slow link a difference may again be so large that it goes in parts, and so on.</summary>
    [Fact]
    public void AReplyWaitsForTheNoticeThatHasItsUpdateAndForNoLaterOne()
    {
        var collection = NewCollection();
        var lane = new Lane(null!);
        var follower = new Follower { InParts = true };
        var subscription = Subscribe(collection, lane, follower);
        Change(collection); // is told after the first snapshot, which is under way
        var update = new Update(lane) { Collection = collection };
        update.Settle(collection.Position);
        subscription.View!.Audience.CatchUp(subscription, asked: true);
        Assert.Equal((0, SubscriptionState.Receiving), (update.Answers, subscription.State));
        Change(collection);
        subscription.View!.Audience.CatchUp(subscription, asked: true);
        Assert.Equal((1, SubscriptionState.Receiving), (update.Answers, subscription.State));
    }

    [Fact]
    public void AnotherSubscriberOfAChangeAllocatesNothing() =>
        Assert.Equal(AllocatedByChange(subscribers: 1), AllocatedByChange(subscribers: 1_000));

    private static long AllocatedByChange(int subscribers)
    {
        var collection = NewCollection();
        for (var count = 0; count < subscribers; count++) Subscribe(collection, new(null!), new Follower());
        for (var count = 0; count < 100; count++) Change(collection);
        return Spent.Bytes(() => Change(collection));
    }

    private static double TimeOfReplies(int subscribers)
    {
        var collection = NewCollection();
        var lane = new Lane(null!);
        for (var count = 0; count < subscribers; count++) Subscribe(collection, count == 0 ? lane : new(null!), new Follower());
        Subscribe(collection, new(null!), new Follower { Full = true });
        var best = double.MaxValue;
        for (var round = 0; round < 20; round++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var count = 0; count < 500; count++) new Update(lane) { Collection = collection }.Settle(collection.Position);
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        return best;
    }

    private static Collection NewCollection()
    {
        var limits = new Limits();
        var quota = new TurnQuota(long.MaxValue, _ => { }, TaskScheduler.Default);
        var collection = new Collection(new("app", "a"), limits, new(limits.Memory, 1), quota, TimeProvider.System, new());
        var log = new ItemLog(100);
        log.Load(new(new("e", 1), [new("1", """{"id":"1"}"""u8.ToArray(), 1)]));
        collection.Load(log);
        return collection;
    }

    private static void Change(Collection collection)
    {
        var update = new ItemUpdate { Key = collection.Key, Insert = [new("2", """{"id":"2"}"""u8.ToArray())] };
        Assert.True(collection.TryReceive(update, collection.Position.Revision + 1));
        collection.Tell();
    }

    private static Subscription Subscribe(Collection collection, Lane lane, Follower follower)
    {
        var subscription = new Subscription(collection.Key, lane, follower);
        collection.Add(subscription);
        return subscription;
    }

    private sealed class Update(Lane lane) : PendingUpdate(lane, new() { Key = new("app", "a") }, 0)
    {
        public int Answers { get; private set; }

        public override void Refuse(Error error) => throw new NotSupportedException();

        protected override void Answer(Position stored) => Answers++;

        protected override void Refuse(Position position, IReadOnlyList<ItemConflict> conflicts) => throw new NotSupportedException();
    }

    private sealed class Follower : IFollower
    {
        public bool Full { get; set; }

        public bool InParts { get; set; }

        public bool IsGone => false;

        public bool IsReady() => !Full;

        public Delivery Take(Notice notice) => Full ? Delivery.Refused : InParts ? Delivery.Underway : Delivery.Taken;

        public Delivery TakeMissed(Notice? notice) => InParts ? Delivery.Underway : Delivery.Taken;

        public void End(Error error) => throw new NotSupportedException();
    }
}
