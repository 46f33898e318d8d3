using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Where metrics and traces are sent over OTLP (<c>Telemetry:Otlp</c>). The <c>OTEL_</c> variables of OpenTelemetry are honoured for what is not
/// said here.
/// </summary>
internal sealed class TelemetryOptions
{
    public const string Section = "Telemetry:Otlp";
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT", ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";

    /// <summary>
    /// The collector, such as <c>http://collector:4317</c>; nothing is exported, and nothing is paid for, when empty (and
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is).
    /// </summary>
    public string Endpoint { get; set; } = "";

    /// <summary><c>grpc</c>, usually on port 4317, or <c>http/protobuf</c>, usually on 4318.</summary>
    [RegularExpression("(?i)grpc|http/protobuf|", ErrorMessage = "Telemetry:Otlp:Protocol must be grpc or http/protobuf.")]
    public string Protocol { get; set; } = "grpc";

    /// <summary>How often metrics are sent.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1000000", "01:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Which part of the requests is traced, 0 to 1, where the caller's <c>traceparent</c> does not decide: a caller that traces is always
    /// followed.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Traces { get; set; } = 0.01;

    /// <summary>What the attributes cannot say.</summary>
    public IEnumerable<string> Faults()
    {
        if (Endpoint.Length > 0 && !IsAddress(Endpoint))
            yield return $"{Section}:{nameof(Endpoint)} must be an address such as http://collector:4317; it is '{Endpoint}'.";
    }

    /// <summary>Gets the faults of the variables of OpenTelemetry that count where the settings say nothing: what is mistyped there would export nothing.</summary>
    public IEnumerable<string> FaultsOfVariables(IConfiguration configuration)
    {
        if (Endpoint.Length > 0 || configuration[EndpointVariable] is not { Length: > 0 } endpoint) yield break;
        if (!IsAddress(endpoint)) yield return $"{EndpointVariable} must be an address such as http://collector:4317; it is '{endpoint}'.";
        if (configuration[ProtocolVariable] is { Length: > 0 } protocol && protocol.ToLowerInvariant() is not ("grpc" or "http/protobuf"))
            yield return $"{ProtocolVariable} must be grpc or http/protobuf; it is '{protocol}'.";
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https";
}
