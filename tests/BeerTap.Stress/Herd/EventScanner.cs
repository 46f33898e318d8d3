using System.Buffers.Text;

namespace BeerTap.Stress.Herd;

/// <summary>
/// Finds the events in the payloads of a connection and checks each against the last: its position number must be the next one. Looks only at
/// the fields it needs, by their bytes, so that thousands of listeners cost one core little.
/// </summary>
internal sealed class EventScanner(byte terminator, Func<EventScanner, ReadOnlySpan<byte>, bool> logged)
{
    private readonly List<byte> _cutOff = [];

    /// <summary>The last position number; -1 before the first welcome.</summary>
    public long Seq { get; private set; } = -1;

    public string Epoch { get; private set; } = "";

    /// <summary>What the listener resumes from.</summary>
    public string Position => $"{Epoch}-{Seq}";

    public int Welcomes { get; private set; }

    public int Reports { get; private set; }

    public int Events { get; private set; }

    /// <summary>What the hub advised when it closed the connection, in milliseconds; null when it did not.</summary>
    public int? RetryAfter { get; set; }

    /// <summary>Where the hub sent it when it closed the connection; null when it did not.</summary>
    public string? To { get; set; }

    /// <summary>The first thing that was wrong.</summary>
    public string? Fault { get; private set; }

    public void Add(ReadOnlySpan<byte> payload, bool ends)
    {
        while (payload.Length > 0)
        {
            var end = payload.IndexOf(terminator);
            if (end < 0 && !ends)
            {
                _cutOff.AddRange(payload);
                return;
            }

            var part = end < 0 ? payload : payload[..end];
            payload = end < 0 ? default : payload[(end + 1)..];
            if (_cutOff.Count > 0)
            {
                _cutOff.AddRange(part);
                Look([.. _cutOff]);
                _cutOff.Clear();
            }
            else
            {
                Look(part);
            }
        }
    }

    /// <summary>What was cut off with a connection comes again on the next.</summary>
    public void Cut() => _cutOff.Clear();

    public void Wrong(string what) => Fault ??= what;

    private void Look(ReadOnlySpan<byte> record)
    {
        var name = record.IndexOf("{\"event\":\""u8);
        if (name < 0) return;
        record = record[(name + "{\"event\":\""u8.Length)..];
        if (record.StartsWith("beer"u8)) Logged(record);
        else if (record.StartsWith("shareReport"u8)) Reported(record);
        else if (record.StartsWith("welcome"u8)) Welcomed(record);
        else if (record.StartsWith("closing"u8)) (RetryAfter, To) = ((int)(NumberAfter(record, "\"retryAfterMs\":"u8) ?? 0), TextAfter(record, "\"to\":\""u8));
        else Wrong($"heard {Text(record)} at {Position}");
    }

    private void Logged(ReadOnlySpan<byte> record)
    {
        var seq = SeqOf(record);
        if (seq != Seq + 1) Wrong($"stood at {Seq} and heard {Text(record)}");
        Seq = seq;
        Events++;
        if (!logged(this, record)) Wrong($"heard what nobody poured, or others heard otherwise: {Text(record)}");
    }

    private void Reported(ReadOnlySpan<byte> record)
    {
        Reports++;
        if (SeqOf(record) != Seq) Wrong($"stood at {Seq} and heard the report {Text(record)}");
    }

    private void Welcomed(ReadOnlySpan<byte> record)
    {
        Welcomes++;
        var seq = SeqOf(record);
        if (Epoch.Length == 0) (Seq, Epoch) = (seq, PositionOf(record));
        else if (seq != Seq) Wrong($"resumed from {Seq} and was welcomed at {Text(record)}");
    }

    private static string PositionOf(ReadOnlySpan<byte> record)
    {
        var position = record[(record.IndexOf("\"position\":\""u8) + "\"position\":\""u8.Length)..];
        return Text(position[..position.IndexOf((byte)'-')]);
    }

    private static long SeqOf(ReadOnlySpan<byte> record)
    {
        var position = record[(record.IndexOf("\"position\":\""u8) + "\"position\":\""u8.Length)..];
        return Utf8Parser.TryParse(position[(position.IndexOf((byte)'-') + 1)..], out long seq, out _) ? seq : -1;
    }

    private static double? NumberAfter(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name)
    {
        var at = record.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(record[(at + name.Length)..], out double number, out _) ? number : null;
    }

    private static string? TextAfter(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name)
    {
        if (record.IndexOf(name) is not (>= 0 and var at)) return null;
        var text = record[(at + name.Length)..];
        return Text(text[..text.IndexOf((byte)'"')]);
    }

    /// <summary>The volume of a beer; null when the record has none.</summary>
    public static double? VolumeOf(ReadOnlySpan<byte> record) => NumberAfter(record, "\"volume\":"u8);

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
