using System.Buffers;
using System.Runtime.InteropServices;
using BeerTap.Server.Hosting;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Server.Live;

/// <summary>
/// The stream below a WebSocket. Frames that are the same for every listener are written to it ready-made; what the socket itself has to say, its
/// pings, pongs and closes, passes by the same way, a whole frame at a time.
/// </summary>
/// <remarks>
/// The server below takes each write as one: frames of two writers never mix. SignalR cuts a message that does not lie in one piece of its
/// pipe into several frames, between which no other message may come: it is held back until it is whole.
/// </remarks>
/// <param name="below">The connection itself, where nothing lies between it and the WebSocket: ready frames go straight to it.</param>
internal sealed class Wire(Stream inner, SocketOutput? below = null) : Stream
{
    // While a first message is awaited: what the socket has written so far, and what is awaited.
    private List<byte>? _seen = [];
    private byte[] _awaited = [];
    private volatile TaskCompletionSource? _passed;

    // The frames so far of a message that the socket has not ended.
    private ArrayBufferWriter<byte>? _cut;
    private volatile bool _over;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Lets later handlers find the stream below the WebSocket that they accept. Before the middleware that makes WebSockets.</summary>
    public static void UseWires(IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade) http.Features.Set<IHttpUpgradeFeature>(new Upgrade(http, upgrade));
        else if (http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect) http.Features.Set<IHttpExtendedConnectFeature>(new ExtendedConnect(http, connect));
        return next(http);
    });

    /// <summary>Writes messages that are whole; nothing, once the socket has written its close: no data may come after it.</summary>
    public ValueTask WriteFramesAsync(ReadOnlyMemory<byte> frames) => _over ? default
        : below is not null && below.TrySend(frames, out var sending) ? sending
        : inner.WriteAsync(frames, CancellationToken.None);

    /// <summary>
    /// Done when this message, which somebody else writes through the socket, has passed. Frames that are written from then on come after it.
    /// Fails when the connection ends before. Asked for once.
    /// </summary>
    public Task PassedAsync(ReadOnlySpan<byte> message)
    {
        // In this order: whoever sees that something is awaited sees what.
        _awaited = message.ToArray();
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _passed = passed;
        return passed.Task;
    }

    /// <summary>Nothing more is looked for in what the socket writes.</summary>
    public void StopLooking() => _seen = null;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var frame = buffer.Span;
        if (WebSocketFrame.IsControl(frame))
        {
            if (WebSocketFrame.IsClose(frame)) _over = true;
            return inner.WriteAsync(buffer, cancellationToken);
        }

        _seen?.AddRange(WebSocketFrame.PayloadOf(frame));
        var isWhole = WebSocketFrame.IsFinal(frame);
        if (!isWhole || _cut is not null)
        {
            (_cut ??= new ArrayBufferWriter<byte>()).Write(frame);
            if (!isWhole) return default;
            (buffer, _cut) = (_cut.WrittenMemory, null);
        }

        var write = inner.WriteAsync(buffer, cancellationToken);
        Look();
        return write;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _over = true;
            _passed?.TrySetException(new IOException("The connection is over."));
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Look()
    {
        if (_seen is not { } seen || _passed is not { } passed || CollectionsMarshal.AsSpan(seen).IndexOf(_awaited) < 0) return;
        (_seen, _awaited, _passed) = (null, [], null);
        passed.TrySetResult();
    }

    private sealed class Upgrade(HttpContext http, IHttpUpgradeFeature inner) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync()
        {
            var below = http.Features.Get<ITlsHandshakeFeature>() is null ? http.Features.Get<BareConnection>()?.Output : null;
            var wire = new Wire(await inner.UpgradeAsync(), below);
            http.Features.Set(wire);
            return wire;
        }
    }

    private sealed class ExtendedConnect(HttpContext http, IHttpExtendedConnectFeature inner) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => inner.IsExtendedConnect;

        public string? Protocol => inner.Protocol;

        public async ValueTask<Stream> AcceptAsync()
        {
            var wire = new Wire(await inner.AcceptAsync());
            http.Features.Set(wire);
            return wire;
        }
    }
}
