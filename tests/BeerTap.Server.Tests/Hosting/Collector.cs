using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>An OTLP collector over HTTP or gRPC: keeps what a hub exports, read from protobuf as far as tests ask.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public ConcurrentQueue<Span> Spans { get; } = new();

    public ConcurrentDictionary<string, string> Metrics { get; } = new();

    public string Address => _app.Urls.Single();

    private const string Service = "/opentelemetry.proto.collector";

    public static async Task<Collector> StartAsync(bool grpc = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        var collector = new Collector(builder.Build());
        collector._app.MapPost(grpc ? $"{Service}.trace.v1.TraceService/Export" : "/v1/traces", http => TakeAsync(http, resource => Fields(resource, 2, 2).Select(Span.Read).ToList().ForEach(collector.Spans.Enqueue)));
        collector._app.MapPost(grpc ? $"{Service}.metrics.v1.MetricsService/Export" : "/v1/metrics", http => TakeAsync(http, resource =>
        {
            foreach (var metric in Fields(resource, 2, 2)) collector.Metrics[Text(metric, 1)] = Text(metric, 3);
        }));
        await collector._app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task TakeAsync(HttpContext http, Action<ReadOnlyMemory<byte>> read)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);

        // gRPC puts a flag and a length before the message, and its status behind the answer.
        const int Prefix = 5;
        var isGrpc = http.Request.ContentType == "application/grpc";
        foreach (var resource in Fields(body.ToArray().AsMemory(isGrpc ? Prefix : 0), 1)) read(resource);
        if (!isGrpc) return;
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(new byte[Prefix]);
        http.Response.AppendTrailer("grpc-status", "0");
    }

    private static string Text(ReadOnlyMemory<byte> message, int field) => Encoding.UTF8.GetString(Fields(message, field).FirstOrDefault().Span);

    private static string Hex(ReadOnlyMemory<byte> message, int field) => Convert.ToHexStringLower(Fields(message, field).FirstOrDefault().Span);

    /// <summary>The length-delimited fields of a message along a path of field numbers.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, params int[] path)
    {
        const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;
        for (var at = 0; at < message.Length;)
        {
            var tag = ReadVarint(message.Span, ref at);
            switch ((int)(tag & 7))
            {
                case Varint: ReadVarint(message.Span, ref at); break;
                case Fixed64: at += 8; break;
                case Fixed32: at += 4; break;
                case Bytes:
                    var length = (int)ReadVarint(message.Span, ref at);
                    var value = message.Slice(at, length);
                    at += length;
                    if ((int)(tag >> 3) != path[0]) break;
                    if (path.Length == 1) yield return value;
                    else foreach (var inner in Fields(value, path[1..])) yield return inner;
                    break;
                default: throw new InvalidDataException($"Wire type {tag & 7} at {at}.");
            }
        }
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }

    /// <summary>A span as far as it is looked at; ids in hex.</summary>
    internal sealed record Span(string TraceId, string Id, string ParentId, string Name)
    {
        public static Span Read(ReadOnlyMemory<byte> span) => new(Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5));
    }
}
