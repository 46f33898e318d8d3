using System.Diagnostics;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Sends the hub's metrics and traces to a collector. Only there when one is configured: without it nobody listens, and nothing is measured for
/// nobody.
/// </summary>
internal sealed class Telemetry(TelemetryOptions options, Uri collector, OtlpExportProtocol protocol, TimeProvider time, ILogger<Telemetry> log)
    : IHostedService, IDisposable
{
    public const string Service = "beertap";

    private static readonly string[] Meters =
    [
        IntakeMeter.Name, FeedMeter.Name, RefusalMeter.Name, HealthMeter.Name, LogMeter.Name,
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime",
    ];

    private ExportFaults? _faults;
    private MeterProvider? _metrics;
    private TracerProvider? _traces;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _faults = new ExportFaults(log, time);

        // Said in the environment wins over what the hub says of itself: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES.
        var resource = ResourceBuilder.CreateEmpty()
            .AddService(Service, serviceVersion: Usage.Version, autoGenerateServiceInstanceId: false, serviceInstanceId: Environment.MachineName)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(Meters)
            .AddOtlpExporter((exporter, reader) =>
            {
                Aim(exporter, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.Interval.TotalMilliseconds;
            })
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource("Microsoft.AspNetCore", IntakeTrace.Name, Broadcast.TraceName)
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.Traces)))
            .AddOtlpExporter(exporter => Aim(exporter, "v1/traces"))
            .Build();
        Log.Exporting(log, collector, protocol, options.Interval.TotalSeconds, options.Traces);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What was measured last goes out now, as long as the collector takes it soon.</summary>
    public void Dispose()
    {
        _metrics?.Dispose();
        _traces?.Dispose();
        _faults?.Dispose();
    }

    /// <summary>Over HTTP each signal has an address of its own, unless the endpoint names one already.</summary>
    private void Aim(OtlpExporterOptions exporter, string signal)
    {
        exporter.Protocol = protocol;
        exporter.Endpoint = protocol == OtlpExportProtocol.Grpc ? collector : new Uri(new Uri(collector.AbsoluteUri.TrimEnd('/') + "/"), signal);
    }
}

internal static class TelemetryRegistration
{
    /// <summary>Adds the export when there is somewhere to send it.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetryOptions options)
    {
        var said = options.Endpoint.Length > 0;
        var endpoint = said ? options.Endpoint : builder.Configuration[TelemetryOptions.EndpointVariable];
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var collector)) return;

        var protocol = said ? options.Protocol : builder.Configuration[TelemetryOptions.ProtocolVariable] ?? options.Protocol;
        // Without this the framework's spans do not say which request they were.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        builder.Services.AddSingleton(options);
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<Telemetry>(
            services, collector, protocol.Equals("grpc", StringComparison.OrdinalIgnoreCase) ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf));
    }

    /// <summary>Names a request's span by method and route, <c>POST /api/beers</c>; the framework calls all of them the same.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        if (app.Services.GetService<TelemetryOptions>() is null) return;
        app.Use((http, next) => http.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } span ? NameAsync(http, next, span) : next(http));
    }

    // Which route it was is known on the way back.
    private static async Task NameAsync(HttpContext http, RequestDelegate next, Activity span)
    {
        await next(http);
        if (http.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route }) return;
        var path = $"/{route.Trim('/')}";
        span.DisplayName = $"{http.Request.Method} {path}";
        span.SetTag("http.route", path);
    }
}
