using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BeerTap.Stress.Cluster;

/// <summary>
/// What lies between one hub and one broker. While it is cut, nothing gets through and nobody is told, as with a broken line: connections stay open and
/// new ones are taken by nobody who answers. What was on its way arrives when it is mended.
/// </summary>
internal sealed class Cable : IAsyncDisposable
{
    private readonly Uri _broker;
    private readonly TcpListener _door = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _carrying = [];
    private readonly Task _taking;
    private volatile TaskCompletionSource _whole = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Cable(Uri broker)
    {
        _broker = broker;
        _whole.SetResult();
        _door.Start();
        Address = new UriBuilder(broker) { Host = "127.0.0.1", Port = ((IPEndPoint)_door.LocalEndpoint).Port }.Uri;
        _taking = Task.Run(TakeAsync);
    }

    /// <summary>What the hub connects to.</summary>
    public Uri Address { get; }

    public void Cut() => _whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend() => _whole.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Mend();
        _door.Stop();
        await _taking;
        await Task.WhenAll(_carrying);
        _stop.Dispose();
    }

    private async Task TakeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _carrying.Add(CarryAsync(await _door.AcceptSocketAsync(_stop.Token)));
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException)
            {
                // It is taken away.
            }
        }
    }

    private async Task CarryAsync(Socket hub)
    {
        using var near = hub;
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await _whole.Task.WaitAsync(_stop.Token);
            await far.ConnectAsync(IPAddress.Parse(_broker.Host), _broker.Port, _stop.Token);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var ways = new[] { CarryAsync(near, far, ends.Token), CarryAsync(far, near, ends.Token) };
            await Task.WhenAny(ways);
            await ends.CancelAsync();
            await Task.WhenAll(ways);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // The broker is not there, or the cable is taken away.
        }
    }

    /// <summary>One way, until either end is gone.</summary>
    private async Task CarryAsync(Socket from, Socket to, CancellationToken cancel)
    {
        var bytes = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(bytes, cancel) is var count and > 0)
            {
                await _whole.Task.WaitAsync(cancel);
                for (var sent = 0; sent < count;) sent += await to.SendAsync(bytes.AsMemory(sent, count - sent), cancel);
            }

            // The end of it is not heard either while the cable is cut.
            await _whole.Task.WaitAsync(cancel);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // An end is gone; the other is closed with it.
        }
    }
}
