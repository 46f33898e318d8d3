using System.Text;

namespace BeerTap.Bench.Load;

/// <summary>The bytes of a post of one pour or a batch, made once; only the digits change.</summary>
internal sealed class PourRequest
{
    private const int TapDigits = 5, VolumeLength = 8, IdDigits = 10;
    private const string Tap = "     ", Volume = "100.0000";

    private readonly byte[] _bytes;
    private readonly int _first, _step, _volume, _id, _taps;

    /// <param name="pours">0: one pour by itself; else a batch of so many.</param>
    /// <param name="withIds">Each pour carries a pourId of 32 characters.</param>
    public PourRequest(string path, int port, int pours = 0, int taps = 100, bool withIds = false)
    {
        (Pours, IsBatch, _taps) = (Math.Max(pours, 1), pours > 0, taps);
        var id = withIds ? $",\"pourId\":\"{new string('b', 32 - IdDigits)}{new string('0', IdDigits)}\"" : "";
        var pour = $$"""{"tapId":{{Tap}},"volume":{{Volume}}{{id}}}""";
        var body = IsBatch ? $$"""{"beers":[{{string.Join(',', Enumerable.Repeat(pour, Pours))}}]}""" : pour;
        var head = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        _bytes = Encoding.ASCII.GetBytes(head + body);
        _first = head.Length + body.IndexOf(Tap, StringComparison.Ordinal);
        _volume = pour.IndexOf(Volume, StringComparison.Ordinal) - pour.IndexOf(Tap, StringComparison.Ordinal);
        _id = withIds ? pour.Length - 2 - IdDigits - pour.IndexOf(Tap, StringComparison.Ordinal) : 0;
        _step = pour.Length + 1;
    }

    public int Pours { get; }

    public bool IsBatch { get; }

    /// <summary>The post of the pours from this number on; good until the next is asked for.</summary>
    public ReadOnlySpan<byte> From(int number)
    {
        for (var (at, last) = (_first, number + Pours); number < last; number++, at += _step)
        {
            Digits(1 + number % _taps, _bytes.AsSpan(at, TapDigits), (byte)' ');
            var volume = 1_000_001 + number % PourBook.Most;
            Digits(volume / 10_000, _bytes.AsSpan(at + _volume, VolumeLength - 5), (byte)'0');
            Digits(volume % 10_000, _bytes.AsSpan(at + _volume + 4, 4), (byte)'0');
            if (_id > 0) Digits(number, _bytes.AsSpan(at + _id, IdDigits), (byte)'0');
        }

        return _bytes;
    }

    private static void Digits(int value, Span<byte> room, byte filler)
    {
        for (var i = room.Length - 1; i >= 0; i--, value /= 10) room[i] = value == 0 && i < room.Length - 1 ? filler : (byte)('0' + value % 10);
    }
}
