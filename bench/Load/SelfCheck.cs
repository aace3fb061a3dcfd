using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Trials;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load;

/// <summary>Shows that the checks can fail: servers that reorder, lose or repeat one message now and then must all be noticed.</summary>
internal static class SelfCheck
{
    private const int Subscribers = 10, InFlight = 64, ItemBytes = 100;
    private const double Seconds = 1;

    /// <summary>Whether each fault was noticed, and the server without one was not accused.</summary>
    public static bool Run(string ceilings, Loop loop)
    {
        var right = Complaint(loop, Contestant.B(ceilings)) is null;
        if (!right) Console.WriteLine("b, without a fault: accused");
        foreach (var fault in new[] { "reversed", "lossy", "doubled" })
        {
            var complaint = Complaint(loop, Contestant.Faulty(ceilings, fault));
            Console.WriteLine($"b, {fault}: {complaint ?? "NOT NOTICED"}");
            right &= complaint is not null;
        }
        return right;
    }

    private static string? Complaint(Loop loop, Contestant contestant)
    {
        using var stage = new Stage(loop, new Setup(contestant));
        try
        {
            var room = stage.AddRoom("r0", writers: 1);
            stage.Follow(room, stage.Connect(Subscribers));
            stage.AddWriter(stage.Connect(1)[0], room, new(ItemBytes));
            Traffic.Run(stage, new Window(InFlight), it => it.Deliveries, warmUp: 0, Seconds);
            return null;
        }
        catch (Violation violation)
        {
            return violation.Message;
        }
    }
}
