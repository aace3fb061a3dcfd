namespace SharedState.Host.Tests.Conditions;

/// <summary>Conditions that mean the same have the same text, so that their views are shared; others have different ones.</summary>
public sealed class ConditionTextTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""")]
    [InlineData("""{"a":1,"b":2}""", """{"$and":[{"b":2},{"a":1}]}""")]
    [InlineData("""{"a":1}""", """{ "\u0061" : { "$eq" : 1.0 } }""")]
    [InlineData("""{"a":1}""", """{"a":1,"$and":[{"a":1}]}""")]
    [InlineData("""{"a":-0}""", """{"a":0}""")]
    [InlineData("""{"a":1e400}""", """{"a":2e999}""")]
    [InlineData("""{"a":"ä"}""", """{"a":"\u00e4"}""")]
    [InlineData("""{"a":{"x":1,"y":[2]}}""", """{"a":{"y":[2.0],"x":1}}""")]
    [InlineData("""{"a":{"$in":[1,"x",1.0]}}""", """{"a":{"$in":["x",1]}}""")]
    [InlineData("""{"a":{"$in":[{"x":1,"y":2}]}}""", """{"a":{"$in":[{"y":2,"x":1},{"x":1,"y":2}]}}""")]
    [InlineData("""{"a":{"$gt":1,"$lt":2}}""", """{"a":{"$lt":2,"$gt":1}}""")]
    [InlineData("""{"a":{"$gt":1,"$lt":2}}""", """{"$and":[{"a":{"$lt":2}},{"a":{"$gt":1}}]}""")]
    [InlineData("""{"a":{"$regex":"x","$options":"i"}}""", """{"a":{"$options":"i","$regex":"x"}}""")]
    [InlineData("""{"a":{"$regex":"x","$options":""}}""", """{"a":{"$regex":"x"}}""")]
    [InlineData("""{"$or":[{"a":1},{"b":2}]}""", """{"$or":[{"b":2},{"a":1},{"b":2}]}""")]
    [InlineData("""{"$nor":[{"a":1},{"b":2}]}""", """{"$nor":[{"b":2},{"a":1}]}""")]
    [InlineData("""{"a":{"$all":[1,2]}}""", """{"a":{"$all":[2,1]}}""")]
    [InlineData("""{"a":{"$elemMatch":{"x":1,"y":2}}}""", """{"a":{"$elemMatch":{"y":2,"x":1}}}""")]
    [InlineData("""{"a":{"$elemMatch":{"$gt":1,"$lt":2}}}""", """{"a":{"$elemMatch":{"$lt":2,"$gt":1}}}""")]
    [InlineData("""{"a":{"$ne":1}}""", """{"a":{"$not":{"$eq":1}}}""")]
    public void ConditionsWithTheSameMeaningHaveTheSameText(string condition, string other) =>
        Assert.Equal(ConditionTests.Parse(condition).Text, ConditionTests.Parse(other).Text);

    [Theory]
    [InlineData("""{"a":1}""", """{"a":"1"}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":{"b":1}}""", """{"a.b":1}""")]
    [InlineData("""{"a":{"$gt":1}}""", """{"a":{"$gte":1}}""")]
    [InlineData("""{"a":{"$eq":null}}""", """{"a":{"$exists":false}}""")]
    [InlineData("""{"a":{"$regex":"x","$options":"i"}}""", """{"a":{"$regex":"x"}}""")]
    [InlineData("""{"a":{"$elemMatch":{"$gt":1,"$lt":2}}}""", """{"a":{"$gt":1,"$lt":2}}""")]
    [InlineData("""{"$or":[{"a":1},{"b":2}]}""", """{"$and":[{"a":1},{"b":2}]}""")]
    [InlineData("""{"a":"\ud800"}""", """{"a":"\ud801"}""")]
    [InlineData("""{"a":"\ud800"}""", """{"a":"\ufffd"}""")]
    [InlineData("""{"a":"\\ud800"}""", """{"a":"\ud800"}""")]
    [InlineData("""{"a\"":1}""", """{"a":1}""")]
    public void ConditionsWithDifferentMeaningsHaveDifferentTexts(string condition, string other) =>
        Assert.NotEqual(ConditionTests.Parse(condition).Text, ConditionTests.Parse(other).Text);
}
