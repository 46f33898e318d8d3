using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Kestrel's way out to a socket without its pipe: what is flushed is sent by whoever flushes, at once. Kestrel's own way takes a copy to
/// another thread for each flush, which costs more than the system call itself when a thousand listeners hear of one pour.
/// </summary>
/// <remarks>
/// Only what the system does not take at once is sent in the background, and a flush is then done when all of it went: one flush is in flight at
/// most, so a slow reader costs what was written to it and no more. A connection that has nothing to say holds no buffer.
/// </remarks>
/// <param name="gone">Told when the peer takes nothing any more. Who reads may not hear of it: what was read ahead and not used holds the reading up.</param>
internal sealed class SocketOutput(Socket socket, Action? gone = null) : PipeWriter
{
    private const int FirstBuffer = 4 * 1024;

    private readonly Lock _gate = new();
    private readonly SafeSocketHandle _handle = socket.SafeHandle;
    private byte[]? _buffer;
    private int _used;
    private Task? _sending;
    private int _unsent;
    private bool _muted;
    private volatile bool _over;
    private volatile TaskCompletionSource? _waiting;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _used;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_used);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_used);
    }

    public override void Advance(int bytes) => _used += _muted ? 0 : bytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Task sending;
        lock (_gate)
        {
            if (_used > 0) SendBuffer();
            if (_sending is null) return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: _over));
            sending = _sending;
        }

        return WaitAsync(sending, cancellationToken);
    }

    /// <summary>What is written from now on is dropped: whoever still writes does not own the connection any more.</summary>
    public void Mute() => _muted = true;

    /// <summary>Who wrote into nothing is done, and somebody else writes from now on.</summary>
    public void Unmute()
    {
        lock (_gate)
        {
            _muted = false;
            if (_buffer is null) return;
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }

    /// <summary>
    /// Sends bytes that are whole in themselves past the buffer, without a copy of what the system takes at once. False, and nothing is done, while somebody
    /// writes in the usual way or something is still being sent: then they go that way too, behind it.
    /// </summary>
    /// <remarks>Only for whoever owns the connection below all layers: there must be no TLS on it, and no other requests.</remarks>
    /// <param name="sending">Done when all of it is sent, or the connection is over.</param>
    public bool TrySend(ReadOnlyMemory<byte> bytes, out ValueTask sending)
    {
        sending = default;
        lock (_gate)
        {
            // Who writes in the usual way has a buffer from the first byte until it is flushed.
            if (_buffer is not null || _sending is not null) return false;
            sending = Send(bytes.Span);
            return true;
        }
    }

    /// <summary>Sends bytes that are whole in themselves, behind what is still being sent; from any thread. Only where nobody writes in the usual way.</summary>
    /// <returns>Done when all of it is sent, or the connection is over.</returns>
    public ValueTask SendAsync(ReadOnlySpan<byte> bytes)
    {
        lock (_gate) return Send(bytes);
    }

    public override void CancelPendingFlush() => _waiting?.TrySetResult();

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (exception is null && _used > 0) SendBuffer();
        }
    }

    private void Reserve(int sizeHint)
    {
        lock (_gate) ReserveLocked(sizeHint);
    }

    private void ReserveLocked(int sizeHint)
    {
        var needed = _used + Math.Max(sizeHint, 1);
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(needed, FirstBuffer));
        }
        else if (needed > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }

    /// <summary>Sends what is in the buffer, or begins to; behind what is still being sent.</summary>
    private void SendBuffer()
    {
        var (buffer, length, sent) = (_buffer!, _used, 0);
        (_buffer, _used) = (null, 0);
        if (_sending is null)
        {
            sent = TrySend(buffer.AsSpan(0, length));
            if (sent == length)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                return;
            }
        }

        SendRest(buffer, sent, length);
    }

    /// <summary>Sends without a copy what the system takes at once.</summary>
    private ValueTask Send(ReadOnlySpan<byte> bytes)
    {
        var sent = _sending is null ? TrySend(bytes) : 0;
        if (sent == bytes.Length) return default;
        var rest = ArrayPool<byte>.Shared.Rent(bytes.Length - sent);
        bytes[sent..].CopyTo(rest);
        return new ValueTask(SendRest(rest, 0, bytes.Length - sent));
    }

    /// <summary>Goes on sending, behind what is still being sent.</summary>
    private Task SendRest(byte[] buffer, int sent, int length)
    {
        _unsent++;
        var sending = SendRestAsync(_sending, buffer, sent, length);
        _sending = _unsent > 0 ? sending : null;
        return sending;
    }

    /// <summary>How much the system took at once. A peer that is gone takes everything: its connection is over.</summary>
    private int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_over) return bytes.Length;
        try
        {
            var sent = SocketSend.TrySend(socket, _handle, bytes, out var error);
            if (error == SocketError.Success) return sent;
            if (error is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable) return 0;
        }
        catch (ObjectDisposedException)
        {
            // Kestrel cut the connection meanwhile.
        }

        End();
        return bytes.Length;
    }

    private async Task SendRestAsync(Task? before, byte[] buffer, int sent, int length)
    {
        try
        {
            if (before is not null) await before;
            while (sent < length && !_over) sent += await socket.SendAsync(buffer.AsMemory(sent, length - sent), SocketFlags.None);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            End();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            lock (_gate)
            {
                if (--_unsent == 0) _sending = null;
            }
        }
    }

    private void End()
    {
        if (_over) return;
        _over = true;
        gone?.Invoke();
    }

    private async ValueTask<FlushResult> WaitAsync(Task sending, CancellationToken cancel)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = stop;
        using var registration = cancel.UnsafeRegister(static stop => ((TaskCompletionSource)stop!).TrySetResult(), stop);
        var isCanceled = await Task.WhenAny(sending, stop.Task) != sending;
        if (isCanceled) cancel.ThrowIfCancellationRequested();
        return new FlushResult(isCanceled, _over);
    }

    /// <summary>Done when all that was written is sent, also what was not flushed.</summary>
    public Task FinishAsync()
    {
        Complete();
        lock (_gate) return _sending ?? Task.CompletedTask;
    }
}
