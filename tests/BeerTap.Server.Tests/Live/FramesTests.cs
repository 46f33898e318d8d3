using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Live;

/// <summary>Events are written by hand, for speed; the bytes are those of the serialiser.</summary>
public sealed class FramesTests
{
    private static readonly JsonSerializerOptions Serialiser = new(BeerTapJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Names = ["half", "pint", "stein", "Maß", "a \"quoted\" one", "new\nline", new string('\u0001', 32), "🍺"];

    [Fact]
    public void AnEventIsTheSerialisersByteForByte()
    {
        var random = new Random(20261121);
        var frames = new Frames("abcd1234");
        for (var i = 0; i < 20_000; i++)
        {
            var beer = RandomBeer(random);
            var expected = $$"""{"event":"beerPoured","position":"abcd1234-{{beer.Id}}","beer":{{JsonSerializer.Serialize(beer, Serialiser)}}}""";
            Assert.Equal(expected, Encoding.UTF8.GetString(frames.ObjectOf(new BeerPoured(beer)).Span));
        }
    }

    [Fact]
    public void TheLongestEventFitsInEveryFormat()
    {
        var longest = new Beer(long.MaxValue, new string('\u0001', 32), double.MinValue, DateTime.MaxValue, int.MaxValue, DateTime.MaxValue);
        var frames = new Frames(new string('x', 32));
        LogEvent[] entries = [new BeerPoured(longest), new BeerDeleted(long.MaxValue, longest, DateTime.MaxValue)];
        foreach (var entry in entries)
        {
            foreach (var format in Enum.GetValues<FrameFormat>())
            {
                var output = new ArrayBufferWriter<byte>(1);
                frames.Write(format, entry, output);
                Assert.Contains("9223372036854775807", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
            }
        }
    }

    private static Beer RandomBeer(Random random) => new(
        random.NextInt64(1, random.Next(2) == 0 ? 1000 : long.MaxValue),
        Names[random.Next(Names.Length)],
        random.Next(3) switch { 0 => random.Next(100, 1001), 1 => Math.Round(random.NextDouble() * 1000, 4), _ => random.NextDouble() * Math.Pow(10, random.Next(-8, 20)) },
        DateTime.UnixEpoch.AddMilliseconds(random.NextInt64(0, 4_000_000_000_000) / (random.Next(3) == 0 ? 1000 * 1000 : 1)),
        random.Next(1, int.MaxValue),
        random.Next(4) == 0 ? DateTime.UnixEpoch.AddMilliseconds(random.NextInt64(-60_000_000_000_000, 250_000_000_000_000)) : null);
}

/// <summary>WebSocket frames as the hub makes them.</summary>
public sealed class WebSocketFrameTests
{
    [Theory]
    [InlineData(0), InlineData(1), InlineData(125), InlineData(126), InlineData(65_535), InlineData(65_536), InlineData(1_000_000)]
    public async Task AClientReadsWhatWasFramed(int length)
    {
        var payload = Enumerable.Range(0, length).Select(i => (byte)('a' + i % 26)).ToArray();
        var frame = new byte[length + WebSocketFrame.MostHead];
        var head = WebSocketFrame.WriteHead(frame, length);
        payload.CopyTo(frame, head);
        byte[] two = [.. frame.AsSpan(0, head + length), .. frame.AsSpan(0, head + length)];
        Assert.Equal([.. payload, .. payload], WebSocketFrame.PayloadsOf(two));

        using var client = System.Net.WebSockets.WebSocket.CreateFromStream(new MemoryStream(two), new System.Net.WebSockets.WebSocketCreationOptions { IsServer = false });
        for (var message = 0; message < 2; message++)
        {
            var (heard, buffer) = (new List<byte>(), new byte[100_000]);
            System.Net.WebSockets.ValueWebSocketReceiveResult received;
            do
            {
                received = await client.ReceiveAsync(buffer.AsMemory(), default);
                heard.AddRange(buffer.AsSpan(0, received.Count));
            }
            while (!received.EndOfMessage);
            Assert.Equal(payload, heard);
        }
    }
}
