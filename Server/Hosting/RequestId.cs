using Serilog.Core;
using Serilog.Events;

namespace BeerTap.Server.Hosting;

/// <summary>The id of the request that is being served, in every log line that is written for it, however far from the request.</summary>
/// <remarks>Serilog's own context would copy its stack of properties twice a request, also when no line is written.</remarks>
internal sealed class RequestId : ILogEventEnricher
{
    private const string Property = "RequestId";

    private static readonly AsyncLocal<string?> Id = new();

    /// <summary>Set within a request; gone when the method that set it returns.</summary>
    public static string? Current
    {
        get => Id.Value;
        set => Id.Value = value;
    }

    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        if (Current is { } id) logEvent.AddOrUpdateProperty(propertyFactory.CreateProperty(Property, id));
    }
}
