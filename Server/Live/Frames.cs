using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BeerTap.Server.Hosting;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>How an event is written for a transport.</summary>
internal enum FrameFormat
{
    /// <summary>WebSocket <c>beertap.v1</c>: the event object and a line feed.</summary>
    Json,

    /// <summary>SignalR's JSON protocol: an invocation record that ends in 0x1e.</summary>
    SignalR,

    /// <summary>Server-Sent Events: id, event, data.</summary>
    Sse,

    /// <summary>The original system's words and a line feed.</summary>
    Text,
}

/// <summary>Writes events in the bytes of a format. Every transport carries the same event object.</summary>
/// <remarks>
/// SignalR: an invocation is <c>{"type":1,"target":…,"arguments":[…]}</c> and 0x1e, see "Invocation Message Encoding" in the SignalR Hub
/// Protocol. SSE: WHATWG HTML, "Interpreting an event stream".
/// </remarks>
internal sealed class Frames(string epoch)
{
    public const int Formats = 4;

    /// <summary>SignalR's record separator.</summary>
    private const byte RecordSeparator = 0x1e;

    // Glass names and tap ids are the hub's own; nothing is written into HTML, so only what JSON itself asks for is escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public byte[] Welcome(FrameFormat format, long seq) => Frame(format, "welcome", seq, json => json.WriteString("epoch"u8, epoch));

    public byte[] Reload(FrameFormat format, long seq) => Frame(format, "reload", seq, _ => { });

    public byte[] Report(FrameFormat format, long seq, ShareReport report) => format == FrameFormat.Text
        ? [.. ShareReportText.Write(report), (byte)'\n']
        : Frame(format, "shareReport", seq, json =>
        {
            json.WritePropertyName("report"u8);
            JsonSerializer.Serialize(json, report, BeerTapJson.Default.ShareReport);
        });

    public static byte[] Closing(FrameFormat format, CloseReason reason, int? retryAfterMs)
    {
        var json = Object("closing", null, json =>
        {
            json.WriteString("reason"u8, reason.Name);
            if (retryAfterMs is { } delay) json.WriteNumber("retryAfterMs"u8, delay);
            else json.WriteNull("retryAfterMs"u8);
        });
        var output = new ArrayBufferWriter<byte>();
        if (format == FrameFormat.Sse && retryAfterMs is { } retry) output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"retry: {retry}\n")));
        Wrap(format, "closing", null, json, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes a log event in a format.</summary>
    public void Write(FrameFormat format, LogEvent entry, IBufferWriter<byte> output)
    {
        if (format == FrameFormat.Text) WriteText(entry, output);
        else Wrap(format, NameOf(entry), PositionOf(entry.Seq), ObjectOf(entry), output);
    }

    /// <summary>Writes a log event in every format; the object itself is serialised once.</summary>
    public void WriteAll(LogEvent entry, ReadOnlySpan<IBufferWriter<byte>> outputs)
    {
        var name = NameOf(entry);
        var position = PositionOf(entry.Seq);
        var json = ObjectOf(entry);
        for (var format = 0; format < outputs.Length; format++)
        {
            if ((FrameFormat)format == FrameFormat.Text) WriteText(entry, outputs[format]);
            else Wrap((FrameFormat)format, name, position, json, outputs[format]);
        }
    }

    /// <summary>The event object of a log event, as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ObjectOf(LogEvent entry) => Object(NameOf(entry), PositionOf(entry.Seq), json =>
    {
        if (entry is BeerPoured { Beer: var beer })
        {
            json.WritePropertyName("beer"u8);
            JsonSerializer.Serialize(json, beer, BeerTapJson.Default.Beer);
        }
        else
        {
            json.WriteNumber("id"u8, ((BeerDeleted)entry).Beer.Id);
        }
    });

    public ReadOnlyMemory<byte> ReloadObject(long seq) => Object("reload", PositionOf(seq), _ => { });

    public string PositionOf(long seq) => new Position(epoch, seq).ToString();

    private static string NameOf(LogEvent entry) => entry is BeerPoured ? "beerPoured" : "beerDeleted";

    private byte[] Frame(FrameFormat format, string name, long seq, Action<Utf8JsonWriter> fields)
    {
        // The original system has no such words; a plain-text listener is told nothing.
        if (format == FrameFormat.Text) return [];
        var output = new ArrayBufferWriter<byte>();
        var position = PositionOf(seq);
        Wrap(format, name, position, Object(name, position, fields), output);
        return output.WrittenSpan.ToArray();
    }

    private static ReadOnlyMemory<byte> Object(string name, string? position, Action<Utf8JsonWriter> fields)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("event"u8, name);
        if (position is not null) json.WriteString("position"u8, position);
        fields(json);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }

    private static void Wrap(FrameFormat format, string name, string? position, ReadOnlyMemory<byte> json, IBufferWriter<byte> output)
    {
        switch (format)
        {
            case FrameFormat.Json:
                output.Write(json.Span);
                output.Write("\n"u8);
                break;
            case FrameFormat.SignalR:
                output.Write("{\"type\":1,\"target\":\""u8);
                Encoding.ASCII.GetBytes(name, output);
                output.Write("\",\"arguments\":["u8);
                output.Write(json.Span);
                output.Write("]}"u8);
                output.Write([RecordSeparator]);
                break;
            case FrameFormat.Sse:
                if (position is not null)
                {
                    output.Write("id: "u8);
                    Encoding.ASCII.GetBytes(position, output);
                    output.Write("\n"u8);
                }

                output.Write("event: "u8);
                Encoding.ASCII.GetBytes(name, output);
                output.Write("\ndata: "u8);
                output.Write(json.Span);
                output.Write("\n\n"u8);
                break;
            case FrameFormat.Text:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "This format is unknown.");
        }
    }

    private static void WriteText(LogEvent entry, IBufferWriter<byte> output) => Encoding.ASCII.GetBytes(
        entry is BeerPoured { Beer: var beer }
            ? string.Create(CultureInfo.InvariantCulture, $"Tap with id {beer.TapId} posted a new beer (id: {beer.Id})!\n")
            : string.Create(CultureInfo.InvariantCulture, $"Beer {((BeerDeleted)entry).Beer.Id} deleted from the collection\n"),
        output);
}
