using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Server.Hosting;

/// <summary>
/// A connection below its HTTP. An endpoint whose answer goes on for as long as both sides want may take it over: it answers, says what goes on, and
/// returns. Kestrel then lets go of the request and of all that it keeps for more of them, which is most of what an idle listener costs.
/// </summary>
/// <remarks>Kestrel still counts the connection, cuts it when the server is stopped by force, and closes its socket in the end.</remarks>
internal sealed class BareConnection : IConnectionHeartbeatFeature
{
    private readonly ConnectionContext _connection;
    private readonly IConnectionHeartbeatFeature? _heart;
    private (Action<object> Beat, object State)? _http;
    private Func<Task>? _goOn;
    private string? _requestId;
    private Action? _ended;

    private BareConnection(ConnectionContext connection, Socket socket)
    {
        (_connection, Socket, Input) = (connection, socket, connection.Transport.Input);
        _heart = connection.Features.Get<IConnectionHeartbeatFeature>();
        Output = new SocketOutput(socket, () => Abort("The peer is gone."));
    }

    public Socket Socket { get; }

    /// <summary>What the client says, behind the request.</summary>
    public PipeReader Input { get; }

    public SocketOutput Output { get; }

    /// <summary>Puts itself between Kestrel's HTTP and the socket, below TLS. Elsewhere than on Unix a socket that others use cannot be made non-blocking.</summary>
    public static ConnectionDelegate Attach(ConnectionDelegate next) => connection =>
        !OperatingSystem.IsWindows() && connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket ? RunAsync(connection, socket, next) : next(connection);

    /// <summary>The connection that a request may take over, or null: nothing may lie between it and HTTP/1.1, and nothing may follow the request's head.</summary>
    public static BareConnection? For(HttpContext http) =>
        HttpProtocol.IsHttp11(http.Request.Protocol)
        && http.Features.Get<ITlsHandshakeFeature>() is null
        && http.Features.Get<IHttpRequestBodyDetectionFeature>() is null or { CanHaveBody: false }
            ? http.Features.Get<BareConnection>()
            : null;

    /// <summary>The connection that a request did take over, or null.</summary>
    public static BareConnection? TakenBy(HttpContext http) => http.Features.Get<BareConnection>() is { _goOn: not null } taken ? taken : null;

    /// <summary>What goes on once the request is over; the answer, or its head, must be flushed. Nothing that is written to the request from now on is sent.</summary>
    public void TakeOver(HttpContext http, Func<Task> goOn)
    {
        (_goOn, _requestId) = (goOn, http.TraceIdentifier);
        Output.Mute();
    }

    /// <summary>Adds something to be done when a connection that was taken over has ended, in whatever way.</summary>
    public void AtEnd(Action end) => _ended += end;

    public void Abort(string reason) => _connection.Abort(new ConnectionAbortedException(reason));

    /// <summary>Kestrel's HTTP wants to be told once a second what time it is; told through here, it can be let go of.</summary>
    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state)
    {
        _http = (action, state);
        _heart!.OnHeartbeat(static bare => ((BareConnection)bare).Beat(), this);
    }

    private static async Task RunAsync(ConnectionContext connection, Socket socket, ConnectionDelegate next)
    {
        socket.Blocking = false;
        var (bare, own) = (new BareConnection(connection, socket), connection.Transport);
        connection.Transport = new Duplex(bare.Input, bare.Output);
        connection.Features.Set(bare);
        if (bare._heart is not null) connection.Features.Set<IConnectionHeartbeatFeature>(bare);
        try
        {
            await next(connection);
            await bare.GoOnAsync();
        }
        finally
        {
            bare._ended?.Invoke();

            // Kestrel closes the socket next: what is on its way goes first.
            await bare.Output.FinishAsync();
            connection.Transport = own;
        }
    }

    private Task GoOnAsync()
    {
        if (_goOn is not { } goOn) return Task.CompletedTask;
        (_goOn, _http) = (null, null);
        Output.Unmute();
        RequestId.Current = _requestId;
        return goOn();
    }

    private void Beat()
    {
        if (_http is var (beat, state)) beat(state);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
