using Serilog.Core;
using Serilog.Events;

namespace SharedState.Host.Diagnostics;

/// <summary>Makes every text value of an event safe for one line, because any of them may come from a client.</summary>
internal sealed class PrintableValues : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach (var (name, value) in logEvent.Properties.ToArray())
        {
            var printable = Printed(value);
            if (!ReferenceEquals(printable, value)) logEvent.AddOrUpdateProperty(new(name, printable));
        }
    }

    private static LogEventPropertyValue Printed(LogEventPropertyValue value)
    {
        switch (value)
        {
            case ScalarValue { Value: string text }:
                var printable = Printable.Text(text);
                return ReferenceEquals(printable, text) ? value : new ScalarValue(printable);
            case SequenceValue sequence:
                return new SequenceValue(sequence.Elements.Select(Printed));
            case StructureValue structure:
                var properties = structure.Properties.Select(property => new LogEventProperty(property.Name, Printed(property.Value)));
                return new StructureValue(properties, structure.TypeTag);
            default:
                return value;
        }
    }
}
