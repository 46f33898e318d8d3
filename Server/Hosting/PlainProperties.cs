using Serilog.Core;
using Serilog.Events;

namespace BeerTap.Server.Hosting;

/// <summary>Escapes what cannot be seen, or turns lines or directions, in the texts of a log line: they came from outside.</summary>
internal sealed class PlainProperties : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        List<LogEventProperty>? escaped = null;
        foreach (var (name, value) in logEvent.Properties)
        {
            if (value is not ScalarValue { Value: string text } || !text.AsSpan().ContainsAnyExceptInRange(' ', '~')) continue;
            (escaped ??= []).Add(new LogEventProperty(name, new ScalarValue(Printable.Escape(text))));
        }

        escaped?.ForEach(logEvent.AddOrUpdateProperty);
    }
}
