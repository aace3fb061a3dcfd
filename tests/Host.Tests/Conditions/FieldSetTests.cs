using System.Text;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>Many conditions read their fields of an item together, in one pass.</summary>
public sealed class FieldSetTests
{
    [Fact]
    public void ConditionsOfOneSetMatchAsTheyDoAlone()
    {
        var (random, seed) = Seeded();
        var json = new RandomJson(random);
        var set = new FieldSet();
        var fields = new ItemFields(set);
        var bound = new List<BoundCondition>();
        for (var round = 0; round < 2000; round++)
        {
            // Conditions come and go between the items.
            if (bound.Count > 0 && random.Next(3) == 0)
            {
                var index = random.Next(bound.Count);
                set.Remove(bound[index]);
                bound.RemoveAt(index);
            }
            if (bound.Count < 30) bound.Add(set.Add(ConditionTests.Parse(json.Condition(2))));
            var item = json.Item();
            fields.Read(Encoding.UTF8.GetBytes(item));
            foreach (var condition in bound)
            {
                var alone = condition.Condition.Matches(Encoding.UTF8.GetBytes(item));
                Assert.True(condition.Matches(fields) == alone, $"seed {seed}: {condition.Condition.Text} on {item}: alone {alone}");
            }
        }
        foreach (var condition in bound) set.Remove(condition);
        Assert.False(set.Root.HasChildren);
        Assert.InRange(set.Numbers, 1, 20); // numbers are used again
    }

    [Fact]
    public void AnItemThatMatchesHasAKeyOfEachEquality()
    {
        var (random, seed) = Seeded();
        var json = new RandomJson(random);
        var (matches, equalities) = (0, 0);
        for (var round = 0; round < 4000; round++)
        {
            var condition = ConditionTests.Parse(json.Condition(1));
            var set = new FieldSet();
            var bound = set.Add(condition);
            var fields = new ItemFields(set);
            for (var count = 0; count < 10; count++)
            {
                var item = json.Item();
                fields.Read(Encoding.UTF8.GetBytes(item));
                if (!bound.Matches(fields)) continue;
                matches++;
                foreach (var equality in condition.Equalities)
                {
                    equalities++;
                    var offered = Keys(fields, set.Add(equality.Path));
                    Assert.True(offered.Overlaps(equality.Keys), $"seed {seed}: {condition.Text} on {item}: {string.Join(',', offered)}");
                }
            }
        }
        Assert.True(matches > 1000 && equalities > 200, $"seed {seed}: {matches} matches, {equalities} equalities");
    }

    [Fact]
    public void AnEqualityMatchesExactlyTheItemsWithOneOfItsKeys()
    {
        var (random, seed) = Seeded();
        var json = new RandomJson(random);
        var (matches, others) = (0, 0);
        for (var round = 0; round < 10_000; round++)
        {
            var condition = ConditionTests.Parse(json.Condition(1));
            if (!condition.IsEquality) continue;
            var set = new FieldSet();
            var bound = set.Add(condition);
            var fields = new ItemFields(set);
            var field = set.Add(condition.Equalities[0].Path);
            for (var count = 0; count < 30; count++)
            {
                var item = json.Item();
                fields.Read(Encoding.UTF8.GetBytes(item));
                var has = Keys(fields, field).Overlaps(condition.Equalities[0].Keys);
                if (has) matches++;
                else others++;
                Assert.True(bound.Matches(fields) == has, $"seed {seed}: {condition.Text} on {item}: the item has a key: {has}");
            }
        }
        Assert.True(matches > 200 && others > 200, $"seed {seed}: {matches} items with a key, {others} without");
    }

    [Theory]
    [InlineData("""{"a":1}""", true)]
    [InlineData("""{"a.b":{"$in":["x",null]}}""", true)]
    [InlineData("""{"$and":[{"a":1}]}""", true)]
    [InlineData("""{"a":1,"b":{"$gt":1}}""", false)]
    [InlineData("""{"a":1,"b":2}""", false)]
    [InlineData("""{"a":{"$ne":1}}""", false)]
    [InlineData("""{"a":[1]}""", false)]
    [InlineData("{}", false)]
    public void AConditionIsAnEqualityIfNothingElseHasToHold(string condition, bool expected) =>
        Assert.Equal(expected, ConditionTests.Parse(condition).IsEquality);

    [Theory] // condition, the equalities that all have to hold
    [InlineData("""{"a":1}""", "a:1")]
    [InlineData("""{"a":"x","b":{"$in":[true,null,2]}}""", "a:x|b:2,null,true")]
    [InlineData("""{"$and":[{"a":1},{"$and":[{"b.c":{"$eq":null}}]}],"d":{"$gt":1}}""", "a:1|b.c:null")]
    [InlineData("""{"a":{"$all":["x","y"]}}""", "a:x|a:y")]
    [InlineData("""{"a":{"$in":[]}}""", "a:")]
    [InlineData("""{"a":{"$in":[1,[2]]},"b":[1],"c":{"x":1}}""", "")]
    [InlineData("""{"$or":[{"a":1},{"a":2}],"$nor":[{"b":1}],"c":{"$ne":1},"d":{"$not":{"$eq":1}}}""", "")]
    [InlineData("""{"$or":[{"a":1}]}""", "a:1")]
    [InlineData("{}", "")]
    public void AConditionHasEqualities(string condition, string expected) => Assert.Equal(expected, string.Join('|', ConditionTests
        .Parse(condition)
        .Equalities.Select(equality => $"{equality.Path}:{string.Join(',', equality.Keys.Select(key => key.ToString()))}")
        .Order(StringComparer.Ordinal)));

    [Theory] // item, the keys that it has at a.b
    [InlineData("""{"a":{"b":"x"}}""", "x")]
    [InlineData("""{"a":{"b":"\u0078"}}""", "x")]
    [InlineData("""{"a":{"b":-0}}""", "0")]
    [InlineData("""{"a":{"b":1e400}}""", "1e999")]
    [InlineData("""{"a":{"b":[1,"x",true,null,{"c":1},[2]]}}""", "1,null,true,x")]
    [InlineData("""{"a":[{"b":1},{"b":[2,3]},{}]}""", "1,2,3,null")]
    [InlineData("""{"a":[]}""", "")]
    [InlineData("""{"a":1}""", "null")]
    [InlineData("""{}""", "null")]
    public void AnItemHasKeysAtAPath(string item, string expected)
    {
        var set = new FieldSet();
        Assert.Null(FieldPath.Read("a.b", out var path));
        var field = set.Add(path);
        var fields = new ItemFields(set);
        fields.Read(Encoding.UTF8.GetBytes(item));
        Assert.Equal(expected, string.Join(',', Keys(fields, field).Select(key => key.ToString()).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void ReadingAnItemAllocatesNothing()
    {
        var set = new FieldSet();
        var conditions = new[]
        {
            """{"owner":"u1","tags":"x"}""", """{"owner":{"$in":["u1","u2"]},"n":{"$gt":5}}""", """{"a.b":null,"name":{"$regex":"^b"}}""",
            """{"place":{"x":1,"y":[2]}}""",
        }.Select(condition => set.Add(ConditionTests.Parse(condition))).ToArray();
        var fields = new ItemFields(set);
        var item = Encoding.UTF8.GetBytes("""{"id":"1","owner":"u1","tags":["x","y"],"n":7,"a":{"b":[1,2]},"name":"bob","place":{"y":[2],"x":1}}""");
        Assert.Equal([true, true, false, true], Match());
        var allocated = Spent.Bytes(() =>
        {
            fields.Read(item);
            foreach (var condition in conditions) condition.Matches(fields);
        });
        Assert.Equal(0, allocated);

        bool[] Match()
        {
            fields.Read(item);
            return [.. conditions.Select(condition => condition.Matches(fields))];
        }
    }

    private static HashSet<EqualityKey> Keys(ItemFields fields, Field field)
    {
        var keys = new HashSet<EqualityKey>();
        foreach (var key in fields.KeysAt(field)) keys.Add(key.ToOwned());
        return keys;
    }

    private static (Random Random, int Seed) Seeded()
    {
        var seed = Environment.GetEnvironmentVariable("SHAREDSTATE_SEED") is { } set ? int.Parse(set) : Random.Shared.Next();
        return (new(seed), seed);
    }
}
