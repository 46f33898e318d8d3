using System.Buffers;
using System.Text.Json;
using System.Threading.RateLimiting;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Answers requests that walk through the store: lists, pages of the log, totals over time. They share <see cref="ReadThreads"/>; of one address no more
/// than <see cref="ReadThreads.MostForOne"/> are read at the same time, the others wait, and beyond <see cref="LimitOptions.Reads"/> they are refused.
/// </summary>
internal sealed class ReadLimits(LimitOptions options, ReadThreads threads, IOptions<JsonOptions> json) : IDisposable
{
    /// <summary>An answer goes out in pieces of this size, so that a client that reads slowly keeps one in the connection's buffer.</summary>
    private const int PieceBytes = 16 * 1024;

    private const int TypicalBytes = 8 * 1024;

    // From the moment a request comes until its answer is sent.
    private readonly PartitionedRateLimiter<UInt128> _admitted = PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<UInt128, int>(_ => Partition(0, options.Reads)),
        PartitionedRateLimiter.Create<UInt128, UInt128>(address => Partition(address, options.ReadsPerAddress)));

    // While it is read. Its queue is as long as those that are admitted.
    private readonly PartitionedRateLimiter<UInt128> _read = PartitionedRateLimiter.Create<UInt128, UInt128>(
        address => RateLimitPartition.GetConcurrencyLimiter(
            address,
            _ => new ConcurrencyLimiterOptions { PermitLimit = ReadThreads.MostForOne, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst }));

    /// <summary>Answers 200 with what <paramref name="read"/> gives, as JSON; or 503 when too many wait.</summary>
    /// <param name="read">Called on a reading thread; may set headers of the answer.</param>
    public Task AnswerAsync<T>(HttpContext http, Func<T> read)
    {
        var type = json.Value.SerializerOptions.GetTypeInfo(typeof(T));
        var format = new JsonWriterOptions { Encoder = json.Value.SerializerOptions.Encoder };
        return AnswerAsync(http, body =>
        {
            using var writer = new Utf8JsonWriter(body, format);
            JsonSerializer.Serialize(writer, read(), type);
        });
    }

    /// <inheritdoc cref="AnswerAsync{T}"/>
    /// <param name="write">Reads, and writes the JSON of the answer.</param>
    public async Task AnswerAsync(HttpContext http, Action<IBufferWriter<byte>> write)
    {
        var address = CallerAddress.Of(http);
        using var admission = _admitted.AttemptAcquire(address);
        if (!admission.IsAcquired)
        {
            await new RefusalResult(Refusals.TooManyReads()).ExecuteAsync(http);
            return;
        }

        var body = new PageBuffer(TypicalBytes);
        using (await _read.AcquireAsync(address, 1, http.RequestAborted))
        {
            await threads.RunAsync(() =>
            {
                write(body);
                return true;
            });
        }

        await SendAsync(http, body.Written);
        body.Return();
    }

    public void Dispose()
    {
        _admitted.Dispose();
        _read.Dispose();
    }

    private static async Task SendAsync(HttpContext http, ReadOnlyMemory<byte> body)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        while (body.Length > 0)
        {
            var piece = body[..Math.Min(PieceBytes, body.Length)];
            var sent = await http.Response.BodyWriter.WriteAsync(piece, http.RequestAborted);
            if (sent.IsCompleted)
            {
                return;
            }

            body = body[piece.Length..];
        }
    }

    private static RateLimitPartition<TKey> Partition<TKey>(TKey key, int most) => most == 0
        ? RateLimitPartition.GetNoLimiter(key)
        : RateLimitPartition.GetConcurrencyLimiter(key, _ => new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = 0 });
}
