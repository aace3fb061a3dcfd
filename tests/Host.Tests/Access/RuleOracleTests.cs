using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Random rules, users and operations: the host allows what the oracle allows, and nothing else.</summary>
public sealed class RuleOracleTests
{
    private const int Cases = 10_000, CasesOfRules = 20;

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    private static readonly string?[] Users = [null, "ann", "bob", "cyd"];

    [Fact]
    public void TheRulesDecideAsTheOracle()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var cases = new RuleCases(random);
        var (allowed, refused) = (0, 0);
        for (var number = 0; number < Cases; number++)
        {
            var rules = cases.Rules();
            var config = TestRules.Of(rules.Select(rule => rule.ToJsonString()));
            for (var more = 0; more < CasesOfRules && number < Cases; more++, number++)
            {
                var (user, collection) = (cases.Pick(Users), cases.Pick("b1", "b2"));
                var identity = user is null ? Identity.Anonymous : config.Keys.First(key => key.Identity.User == user).Identity;
                var oracle = Oracle(rules, user, collection);
                var items = Enumerable.Range(0, random.Next(5)).Select(id => cases.Item($"i{id}")).ToDictionary(item => (string)item["id"]!);
                var update = cases.Update() with { Patch = [], Absent = [], Present = [] };
                var text = $"seed {seed}, case {number}: {user} at {collection}: {update.ToJson()} on {Text(items.Values)} by {Text(rules)}";

                var rights = config.Rules.At(identity, "a", "items", collection);
                Assert.True(oracle.Reads == rights.Read, text);
                foreach (var item in items.Values) Assert.True(oracle.Sees(item) == rights.Items.Sees(Bytes(item)), text);
                Assert.True(oracle.Writes == rights.Write, text);
                if (!rights.Write) continue;
                var before = items.ToDictionary(item => item.Key, item => (ReadOnlyMemory<byte>)Bytes(item.Value));
                var asked = new ItemUpdate
                {
                    Key = new("a", collection),
                    Reset = update.Reset,
                    Remove = update.Reset ? [] : update.Remove,
                    Insert = [.. update.Insert.Select(item => new Item((string)item["id"]!, Bytes(item)))],
                };
                Error? refusal = null;
                if (rights.WritesAt(Now) is { } writes)
                {
                    ReadOnlyMemory<byte>? Find(string id) => before.TryGetValue(id, out var found) ? found : (ReadOnlyMemory<byte>?)null;
                    var judgement = new Judgement(writes, Find);
                    asked = judgement.Judge(asked, [], before.Values);
                    refusal = judgement.Refusal;
                }
                var code = oracle.Apply(items, update);
                Assert.True(code == refusal?.Code, $"{code} or {refusal?.Code}: {text}");
                _ = code is null ? allowed++ : refused++;
                if (code is not null) continue;
                if (asked.Reset) before.Clear();
                foreach (var id in asked.Remove) before.Remove(id);
                foreach (var item in asked.Insert) before[item.Id] = item.Json;
                Assert.True(Text(items.Values) == Text(before.Values.Select(item => JsonNode.Parse(item.Span)!)), text);
            }
        }
        Assert.True(allowed > Cases / 20 && refused > Cases / 20, $"{allowed} were allowed, {refused} refused");
    }

    [Fact]
    public async Task AHostDecidesAsTheOracle()
    {
        var seed = Environment.TickCount;
        await using var host = await LiveHost.StartAsync(time: new FakeTimeProvider(Now), access: TestRules.Of());
        var clients = new Dictionary<string, Client>();
        foreach (var user in Users.Append("root"))
        {
            clients.Add(user ?? "", await Client.ConnectAsync(host.Url));
            if (user is not null) await clients[user].PutAsync("/auth", $$"""{"token":"ssk_{{user}}"}""");
        }
        try
        {
            await RunAsync(host, clients, seed);
        }
        finally
        {
            foreach (var client in clients.Values) await client.DisposeAsync();
        }
    }

    private static async Task RunAsync(LiveHost host, Dictionary<string, Client> clients, int seed)
    {
        var random = new Random(seed);
        var cases = new RuleCases(random);
        var root = clients["root"];
        var states = new Dictionary<string, Dictionary<string, JsonObject>> { ["b1"] = [], ["b2"] = [] };
        for (var number = 0; number < Cases;)
        {
            var rules = cases.Rules();
            host.Change(TestRules.Of()); // the rules may be for root, too
            foreach (var (name, state) in states)
            {
                state.Clear();
                foreach (var item in Enumerable.Range(0, random.Next(5)).Select(id => cases.Item($"i{id}"))) state.Add((string)item["id"]!, item);
                await root.PutAsync($"/a/items/{name}", new CaseUpdate(true, [], [.. state.Values], [], [], []).ToJson());
            }
            host.Change(TestRules.Of(rules.Select(rule => rule.ToJsonString())));
            for (var more = 0; more < CasesOfRules; more++, number++)
            {
                var (user, collection) = (cases.Pick(Users), cases.Pick("b1", "b2"));
                var (client, state, oracle) = (clients[user ?? ""], states[collection], Oracle(rules, user, collection));
                var refusal = user is null ? "unauthorized" : "forbidden";
                string Case(string what) => $"seed {seed}, case {number}: {user} at {collection}: {what} on {Text(state.Values)} by {Text(rules)}";

                if (random.Next(2) == 0)
                {
                    var read = await client.GetAsync($"/a/items/{collection}");
                    Assert.True((oracle.Reads ? null : refusal) == (string?)read["error"]?["code"], Case("read"));
                    if (oracle.Reads) Assert.True(Text(state.Values.Where(oracle.Sees)) == Text(read["data"]!.AsArray()!), Case("read"));
                    continue;
                }
                if (random.Next(10) == 0)
                {
                    var list = await client.GetAsync("/a/items");
                    var may = new RuleOracle(rules, user, Claims(user), ["a", "items"]).Lists;
                    Assert.True((may ? null : refusal) == (string?)list["error"]?["code"], Case("list"));
                    var visible = states.Where(one => one.Value.Values.Any(Oracle(rules, user, one.Key).Sees)).Select(one => one.Key);
                    if (may) Assert.True(string.Join(",", visible) == string.Join(",", list["data"]!.AsArray()), Case("list"));
                    continue;
                }
                var update = cases.Update();
                var before = state.ToDictionary();
                var text = Case(update.ToJson());
                var reply = await client.PutAsync($"/a/items/{collection}", update.ToJson());
                var code = oracle.Apply(state, update);
                Assert.True(code == (string?)reply["error"]?["code"], $"{code} or {reply.ToJsonString()}: {text}");
                foreach (var conflict in reply["conflicts"]?.AsArray() ?? [])
                {
                    var seen = before.TryGetValue((string)conflict!["id"]!, out var item) && oracle.Sees(item);
                    Assert.True(seen == (conflict["item"] is not null), text);
                }
                var stored = (await root.GetAsync($"/a/items/{collection}"))["data"]!.AsArray();
                Assert.True(Text(state.Values) == Text(stored!), $"{Text(stored!)}: {text}");
            }
        }
    }

    private static RuleOracle Oracle(JsonObject[] rules, string? user, string collection) =>
        new(rules, user, Claims(user), ["a", "items", collection]);

    private static JsonObject Claims(string? user) => user is null ? [] : JsonNode.Parse(TestRules.Users[user])!.AsObject();

    private static byte[] Bytes(JsonNode item) => Encoding.UTF8.GetBytes(item.ToJsonString());

    /// <summary>The items in an order of their own, each with its fields in order.</summary>
    private static string Text(IEnumerable<JsonNode> items) => string.Join(
        ",",
        items.Select(item => string.Join(",", item.AsObject().OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}:{field.Value?.ToJsonString()}")))
            .Order(StringComparer.Ordinal));
}
