using System.Buffers;
using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>
/// Clients that ask one thing, and get the same bytes each time. The first answer is kept, so that it can be read and checked; each later
/// one is compared with it byte by byte as it comes.
/// </summary>
internal sealed class Fetch
{
    private const double Patience = 60; // seconds
    private const int FewestOfARound = 3;

    private readonly Stage _stage;
    private readonly string _question;

    /// <param name="stage">Whose server.</param>
    /// <param name="question">What each client sends.</param>
    /// <param name="frames">How many frames the answer has.</param>
    public Fetch(Stage stage, string question, int frames)
    {
        (_stage, _question) = (stage, question);
        using var link = Open();
        var kept = new ArrayBufferWriter<byte>();
        link.Taker = bytes => kept.Write(bytes);
        link.Ask(question);
        stage.Loop.Until(() => Frames(kept.WrittenSpan) == frames, Patience, "the first answer");
        Answer = kept.WrittenSpan.ToArray();
    }

    /// <summary>What comes, with the frames' headers.</summary>
    public byte[] Answer { get; }

    /// <summary>One client that has connected: from the question to the last byte of the answer.</summary>
    public Figures One(double seconds) => Repeat(seconds, 1, () =>
    {
        using var link = Open();
        var begin = Clock.Now;
        var download = Ask(link);
        _stage.Loop.Until(() => download.Complete, Patience, "an answer");
        return Clock.Now - begin;
    });

    /// <summary>So many clients at once: from the first connect until the last has everything.</summary>
    public Figures AtOnce(int clients, double seconds) => Repeat(seconds, clients, () =>
    {
        Rest.Until(_stage);
        var begin = Clock.Now;
        var links = Enumerable.Range(0, clients)
            .Select(number => new Link(_stage.Loop, _stage.Dialect, _stage.Server.Port, number)).ToArray();
        var downloads = new Download?[clients];
        try
        {
            _stage.Loop.Until(Done, Patience, "all answers");
            return Clock.Now - begin;
        }
        finally
        {
            foreach (var link in links) link.Dispose();
        }

        bool Done()
        {
            var complete = true;
            for (var index = 0; index < clients; index++)
            {
                if (links[index].Open) downloads[index] ??= Ask(links[index]);
                complete &= downloads[index] is { Complete: true };
            }
            return complete;
        }
    });

    /// <summary>How many whole frames there are.</summary>
    public static int Frames(ReadOnlySpan<byte> bytes)
    {
        var frames = 0;
        while (FrameScanner.TryRead(bytes, out _, out var final, out _) is > 0 and var length)
        {
            if (!final) throw new Violation("an answer came in fragments");
            bytes = bytes[length..];
            frames++;
        }
        return frames;
    }

    /// <summary>Repeats for a while; the value is the median.</summary>
    private Figures Repeat(double seconds, int clients, Func<long> once)
    {
        var times = new List<Figures>();
        var (begin, thread, process) = (Clock.Now, Clock.ThreadTime, _stage.Server.ProcessorTime);
        while (times.Count < FewestOfARound || Clock.Now - begin < seconds * 1e9) times.Add(new() { Value = once() / 1e6 });
        var (time, busy, processor) = (Clock.Now - begin, Clock.ThreadTime - thread, _stage.Server.ProcessorTime - process);
        return Figures.Median(times) with { Processor = processor / 1e3 / (times.Count * clients), Busy = (double)busy / time };
    }

    private Link Open()
    {
        var link = new Link(_stage.Loop, _stage.Dialect, _stage.Server.Port);
        _stage.Loop.Until(() => link.Open, Patience, "a handshake");
        return link;
    }

    private Download Ask(Link link)
    {
        var download = new Download(Answer);
        link.Taker = download.Take;
        link.Ask(_question);
        return download;
    }
}
