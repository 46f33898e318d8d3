using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>How an event is written for a transport.</summary>
internal enum FrameFormat
{
    /// <summary>WebSocket <c>beertap.v1</c>: a message that is the event object.</summary>
    Json,

    /// <summary>SignalR's JSON protocol over WebSocket: a message that is an invocation record, which ends in 0x1e.</summary>
    SignalR,

    /// <summary>Server-Sent Events: id, event, data.</summary>
    Sse,

    /// <summary>WebSocket without sub-protocol: a message of the original system's words.</summary>
    Text,
}

/// <summary>
/// Writes events in the bytes of a format, ready for the wire: over WebSocket with the frame's head, so that the same bytes serve every listener
/// and several events are one piece of memory. Every transport carries the same event object.
/// </summary>
/// <remarks>
/// SignalR: an invocation is <c>{"type":1,"target":…,"arguments":[…]}</c> and 0x1e, see "Invocation Message Encoding" in the SignalR Hub
/// Protocol. SSE: WHATWG HTML, "Interpreting an event stream".
/// </remarks>
internal sealed class Frames(string epoch)
{
    public const int Formats = 4;

    /// <summary>What the object of a log event may take at most.</summary>
    private const int MostBytes = BeerJson.MostBytes + 128;

    /// <summary>What a format puts around name, position and object at most; and the longest line of the original system's words.</summary>
    private const int MostAround = 64 + WebSocketFrame.MostHead, MostText = 128;

    private static ReadOnlySpan<byte> InvocationBegin => "{\"type\":1,\"target\":\""u8;

    private static ReadOnlySpan<byte> InvocationArguments => "\",\"arguments\":["u8;

    /// <summary>When an <c>EventSource</c> that lost its stream without a word comes back, in ms: each at its own time, so that not all come at once.</summary>
    private const int ShortestRetry = 1_000, LongestRetry = 5_000;

    /// <summary>With SignalR's record separator.</summary>
    private static ReadOnlySpan<byte> InvocationEnd => "]}\u001e"u8;

    private readonly byte[] _epoch = Encoding.ASCII.GetBytes(epoch);

    // Glass names and tap ids are the hub's own; nothing is written into HTML, so only what JSON itself asks for is escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>
    /// Over SSE with a <c>retry:</c> of its own: an <c>EventSource</c> keeps the last one it was told, which may be the long one of an earlier drain, and
    /// would wait as long after each later loss.
    /// </summary>
    public byte[] Welcome(FrameFormat format, long seq)
    {
        var frame = Frame(format, "welcome", seq, json => json.WriteString("epoch"u8, epoch));
        return format == FrameFormat.Sse ? [.. Retry(Random.Shared.Next(ShortestRetry, LongestRetry)), .. frame] : frame;
    }

    public byte[] Reload(FrameFormat format, long seq) => Frame(format, "reload", seq, _ => { });

    public byte[] Report(FrameFormat format, long seq, ShareReport report) => format == FrameFormat.Text
        ? Message(ShareReportText.Write(report))
        : Frame(format, "shareReport", seq, json =>
        {
            json.WritePropertyName("report"u8);
            JsonSerializer.Serialize(json, report, BeerTapJson.Default.ShareReport);
        });

    /// <param name="to">Where else the client may go, as an absolute URL; null: where it was.</param>
    public static byte[] Closing(FrameFormat format, CloseReason reason, int? retryAfterMs, string? to = null)
    {
        var json = Object("closing", null, json =>
        {
            json.WriteString("reason"u8, reason.Name);
            if (retryAfterMs is { } delay) json.WriteNumber("retryAfterMs"u8, delay);
            else json.WriteNull("retryAfterMs"u8);
            if (to is not null) json.WriteString("to"u8, to);
        });
        var output = new ArrayBufferWriter<byte>();
        if (format == FrameFormat.Sse && retryAfterMs is { } retry) output.Write(Retry(retry));
        Wrap(format, "closing"u8, default, json.Span, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes a log event in a format.</summary>
    public void Write(FrameFormat format, LogEvent entry, IBufferWriter<byte> output)
    {
        if (format == FrameFormat.Text)
        {
            WriteText(entry, output);
            return;
        }

        var json = new JsonText(stackalloc byte[MostBytes]);
        Put(ref json, entry, out var position);
        Wrap(format, NameOf(entry), position, json.Written, output);
    }

    /// <summary>Writes a log event into rings, in the format of each; the object itself is serialised once.</summary>
    public void WriteAll(LogEvent entry, List<FrameRing> rings)
    {
        var json = new JsonText(stackalloc byte[MostBytes]);
        Put(ref json, entry, out var position);
        foreach (var ring in rings)
        {
            if (ring.Format == FrameFormat.Text) WriteText(entry, ring);
            else Wrap(ring.Format, NameOf(entry), position, json.Written, ring);
            ring.EndFrame(entry.Seq);
        }
    }

    /// <summary>The event object of a log event, as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ObjectOf(LogEvent entry)
    {
        var json = new JsonText(stackalloc byte[MostBytes]);
        Put(ref json, entry, out _);
        return json.Written.ToArray();
    }

    public ReadOnlyMemory<byte> ReloadObject(long seq) => Object("reload", PositionOf(seq), _ => { });

    public string PositionOf(long seq) => new Position(epoch, seq).ToString();

    private static ReadOnlySpan<byte> NameOf(LogEvent entry) => entry switch
    {
        BeerPoured => "beerPoured"u8,
        BeerDeleted => "beerDeleted"u8,
        _ => throw new ArgumentException($"{entry.GetType().Name} has no name on the wire.", nameof(entry)),
    };

    private void Put(ref JsonText json, LogEvent entry, out ReadOnlySpan<byte> position)
    {
        json.Put("{\"event\":\""u8);
        json.Put(NameOf(entry));
        json.Put("\",\"position\":\""u8);
        var begin = json.Length;
        json.Put(_epoch);
        json.Put("-"u8);
        json.Put(entry.Seq);
        position = json.Written[begin..];
        if (entry is BeerPoured { Beer: var beer })
        {
            json.Put("\",\"beer\":"u8);
            json.Put(beer);
        }
        else
        {
            json.Put("\",\"id\":"u8);
            json.Put(((BeerDeleted)entry).Beer.Id);
        }

        json.Put("}"u8);
    }

    private static byte[] Retry(int milliseconds) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"retry: {milliseconds}\n"));

    private byte[] Frame(FrameFormat format, string name, long seq, Action<Utf8JsonWriter> fields)
    {
        // The original system has no such words; a plain-text listener is told nothing.
        if (format == FrameFormat.Text) return [];
        var output = new ArrayBufferWriter<byte>();
        var position = PositionOf(seq);
        Wrap(format, Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(position), Object(name, position, fields).Span, output);
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

    private static void Wrap(FrameFormat format, ReadOnlySpan<byte> name, ReadOnlySpan<byte> position, ReadOnlySpan<byte> json, IBufferWriter<byte> output)
    {
        var frame = new JsonText(output.GetSpan(name.Length + position.Length + json.Length + MostAround));
        switch (format)
        {
            case FrameFormat.Json:
                frame.PutHead(json.Length);
                frame.Put(json);
                break;
            case FrameFormat.SignalR:
                frame.PutHead(InvocationBegin.Length + name.Length + InvocationArguments.Length + json.Length + InvocationEnd.Length);
                frame.Put(InvocationBegin);
                frame.Put(name);
                frame.Put(InvocationArguments);
                frame.Put(json);
                frame.Put(InvocationEnd);
                break;
            case FrameFormat.Sse:
                if (position.Length > 0)
                {
                    frame.Put("id: "u8);
                    frame.Put(position);
                    frame.Put("\n"u8);
                }

                frame.Put("event: "u8);
                frame.Put(name);
                frame.Put("\ndata: "u8);
                frame.Put(json);
                frame.Put("\n\n"u8);
                break;
            case FrameFormat.Text:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "This format is unknown.");
        }

        output.Advance(frame.Length);
    }

    private static void WriteText(LogEvent entry, IBufferWriter<byte> output)
    {
        Span<byte> text = stackalloc byte[MostText];
        int length;
        switch (entry)
        {
            case BeerPoured { Beer: var beer }:
                Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"Tap with id {beer.TapId} posted a new beer (id: {beer.Id})!", out length);
                break;
            case BeerDeleted { Beer.Id: var id }:
                Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"Beer {id} deleted from the collection", out length);
                break;
            default:
                // The original system has no words for anything else.
                return;
        }

        var frame = new JsonText(output.GetSpan(length + WebSocketFrame.MostHead));
        frame.PutHead(length);
        frame.Put(text[..length]);
        output.Advance(frame.Length);
    }

    private static byte[] Message(ReadOnlySpan<byte> text)
    {
        var frame = new JsonText(new byte[text.Length + WebSocketFrame.MostHead]);
        frame.PutHead(text.Length);
        frame.Put(text);
        return frame.Written.ToArray();
    }
}
