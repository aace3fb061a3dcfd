using SharedState.Host.Contents;

namespace SharedState.Host.Tests.Contents;

public sealed class FewTests
{
    [Fact]
    public void FewContainsWhatAListWouldContain()
    {
        var random = new Random(1);
        var few = default(Few<string>);
        var list = new List<string>();
        for (var step = 0; step < 5_000; step++)
        {
            var element = random.Next(6).ToString();
            switch (random.Next(list.Count > 8 ? 40 : 3))
            {
                case 0:
                    few.Add(element);
                    list.Add(element);
                    break;
                case 1:
                    Assert.Equal(list.Remove(element), few.Remove(element));
                    break;
                case 30:
                    few.Clear();
                    list.Clear();
                    break;
                default:
                    break;
            }
            Assert.Equal(list.Order(), Enumerable.Range(0, few.Count).Select(n => few[n]).Order());
        }
    }
}
