using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Writes JSON of a known shape, one piece after another, into memory that is large enough. For what is written hundreds of thousands of times a
/// second; the bytes are those that <see cref="JsonSerializer"/> would write.
/// </summary>
internal ref struct JsonText(Span<byte> output)
{
    // Names are the hub's own, a few, and come again and again. Nothing is written into HTML, so only what JSON itself asks for is escaped.
    private static readonly ConcurrentDictionary<string, byte[]> Names = new(StringComparer.Ordinal);

    private readonly Span<byte> _output = output;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    /// <summary>What is written.</summary>
    public readonly ReadOnlySpan<byte> Written => _output[..Length];

    public void Put(scoped ReadOnlySpan<byte> json)
    {
        json.CopyTo(_output[Length..]);
        Length += json.Length;
    }

    /// <summary>Room for what others write, who then say how much it was.</summary>
    public readonly Span<byte> Rest => _output[Length..];

    public void Advance(int bytes) => Length += bytes;

    public void Put(long number)
    {
        Utf8Formatter.TryFormat(number, _output[Length..], out var written);
        Length += written;
    }

    public void Put(double number)
    {
        number.TryFormat(_output[Length..], out var written, default, CultureInfo.InvariantCulture);
        Length += written;
    }

    /// <summary>A name between quotation marks.</summary>
    public void PutName(string name)
    {
        if (!Names.TryGetValue(name, out var quoted))
            quoted = Names.GetOrAdd(name, static text => [(byte)'"', .. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"']);
        Put(quoted);
    }

    /// <summary>A time in UTC between quotation marks: ISO 8601 with as many digits of a second as it has, milliseconds at most.</summary>
    public void Put(DateTime utc)
    {
        var (year, month, day) = utc;
        var text = _output[Length..];
        text[0] = (byte)'"';
        Digits(text[1..5], year);
        text[5] = (byte)'-';
        Digits(text[6..8], month);
        text[8] = (byte)'-';
        Digits(text[9..11], day);
        text[11] = (byte)'T';
        Digits(text[12..14], utc.Hour);
        text[14] = (byte)':';
        Digits(text[15..17], utc.Minute);
        text[17] = (byte)':';
        Digits(text[18..20], utc.Second);
        var end = 20;
        if (utc.Millisecond > 0)
        {
            text[20] = (byte)'.';
            Digits(text[21..24], utc.Millisecond);
            end = 24;
            while (text[end - 1] == '0') end--;
        }

        text[end] = (byte)'Z';
        text[end + 1] = (byte)'"';
        Length += end + 2;
    }

    private static void Digits(Span<byte> output, int number)
    {
        for (var i = output.Length - 1; i >= 0; i--)
        {
            output[i] = (byte)('0' + number % 10);
            number /= 10;
        }
    }
}
