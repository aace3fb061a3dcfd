using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests;

/// <summary>G1, G2, G3, G10 with the real process, a real file, and kill -9 in a write storm. SHAREDSTATE_KILLS runs more cycles,
/// SHAREDSTATE_SEED the same ones.</summary>
public sealed class DurabilityTests(ITestOutputHelper log)
{
    private const int Writers = 6, ItemsPerUpdate = 3;
    private const string Path = "/app/items/storm";

    private static int Cycles => Setting.Number("SHAREDSTATE_KILLS", 5);

    [Fact]
    public async Task WhatWasAnsweredOrSeenSurvivesKillMinus9()
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        using var host = await LiveProcess.StartAsync();
        var acknowledged = new ConcurrentDictionary<int, long>();
        var seen = new ConcurrentDictionary<int, long>();
        (long Revision, string Epoch)? position = null;
        var random = new Random(seed);
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            if (cycle > 0) await host.StartAgainAsync();

            // :: 1. What is there now is all that was answered and all that was seen, in whole batches.
            await using (var probe = await Client.ConnectAsync(host.Url))
            {
                var reply = await probe.GetAsync(Path);
                var stored = CheckBatches(reply["data"]!.AsArray());
                foreach (var (writer, value) in acknowledged)
                    Assert.True(
                        stored.GetValueOrDefault(writer) >= value,
                        $"cycle {cycle}: writer {writer} was told {value}, stored is {stored.GetValueOrDefault(writer)}");
                foreach (var (writer, value) in seen)
                    Assert.True(
                        stored.GetValueOrDefault(writer) >= value,
                        $"cycle {cycle}: {value} of writer {writer} was seen, stored is {stored.GetValueOrDefault(writer)}");

                // :: 2. Who was there before is brought up by a difference: the history goes on.
                if (position is { } known)
                {
                    await probe.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"since":{{known.Revision}},"epoch":"{{known.Epoch}}"}]]}""");
                    var first = await probe.NotificationAsync();
                    Assert.False((bool)first["data"]!["reset"]!, $"cycle {cycle}: resume after kill -9 was a reset");
                    Assert.Equal(known.Revision, (long)first["prev"]!);
                }
            }

            // :: 3. The storm, and its end in the middle.
            var storm = Enumerable
                .Range(0, Writers)
                .Select(writer => WriteAsync(host.Url, writer, acknowledged))
                .Append(WatchAsync(host.Url, seen, at => position = at))
                .ToArray();
            var before = acknowledged.Values.Sum();
            await Wait.UntilAsync(() => acknowledged.Values.Sum() > before + 200 + random.Next(200), "the storm");
            await host.Process.KillAsync();
            await Task.WhenAll(storm);
        }
        log.WriteLine($"{Cycles} kills, {acknowledged.Values.Sum()} updates answered, {seen.Values.Sum()} seen");
        Assert.True(seen.Values.Sum() > 0);
    }

    /// <summary>All items of one update bear the same value, whenever one looks.</summary>
    private static Dictionary<int, long> CheckBatches(JsonArray items)
    {
        var values = new Dictionary<int, long>();
        foreach (var group in items.GroupBy(item => (int)item!["writer"]!))
        {
            Assert.Equal(ItemsPerUpdate, group.Count());
            values.Add(group.Key, Assert.Single(group.Select(item => (long)item!["value"]!).Distinct()));
        }
        return values;
    }

    private static async Task WriteAsync(Uri url, int writer, ConcurrentDictionary<int, long> acknowledged)
    {
        try
        {
            await using var client = await Client.ConnectAsync(url);
            for (var value = acknowledged.GetValueOrDefault(writer) + 1; ; value++)
            {
                var items = string.Join(
                    ',',
                    Enumerable
                        .Range(0, ItemsPerUpdate)
                        .Select(item => $$"""{"id":"{{writer}}-{{item}}","writer":{{writer}},"value":{{value}}}"""));
                var reply = await client.PutAsync(Path, $$"""{"insert":[{{items}}]}""");
                if ((bool)reply["ok"]!) acknowledged[writer] = value;
            }
        }
        catch (Exception exception) when (IsCut(exception))
        {
            // The host was killed.
        }
    }

    private static async Task WatchAsync(Uri url, ConcurrentDictionary<int, long> seen, Action<(long, string)> reached)
    {
        try
        {
            await using var client = await Client.ConnectAsync(url);
            await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
            while (true)
            {
                var notification = await client.NotificationAsync();
                foreach (var (writer, value) in CheckBatches(notification["data"]!["insert"]!.AsArray())) seen[writer] = value;
                reached(((long)notification["rev"]!, (string)notification["epoch"]!));
            }
        }
        catch (Exception exception) when (IsCut(exception))
        {
            // The host was killed.
        }
    }

    private static bool IsCut(Exception exception) => exception is WebSocketException or InvalidOperationException or IOException;
}
