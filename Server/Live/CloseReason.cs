namespace BeerTap.Server.Live;

/// <summary>
/// Why the hub ends a connection: a closed, numbered list. The code is the WebSocket close code (4000 to 4999 are an application's own,
/// RFC 6455 section 7.4.2); the name is the <c>reason</c> of the event <c>closing</c>.
/// </summary>
/// <param name="Code">The WebSocket close code.</param>
/// <param name="Name">The word on the wire.</param>
/// <param name="ComeBack">Whether a client should connect again.</param>
internal sealed record CloseReason(int Code, string Name, bool ComeBack)
{
    /// <summary>The hub stops; come back after <c>retryAfterMs</c>.</summary>
    public static readonly CloseReason Draining = new(4001, "draining", ComeBack: true);

    /// <summary>The client took nothing for <c>Live:StallTimeout</c>.</summary>
    public static readonly CloseReason Idle = new(4002, "idle", ComeBack: true);

    /// <summary>The hub holds as many connections as it may; come back later.</summary>
    public static readonly CloseReason TooManyConnections = new(4003, "tooManyConnections", ComeBack: true);

    /// <summary>The client may not listen here, or no longer.</summary>
    public static readonly CloseReason NotAllowed = new(4004, "notAllowed", ComeBack: false);

    /// <summary>The client said something that the sub-protocol has no place for.</summary>
    public static readonly CloseReason ProtocolError = new(4005, "protocolError", ComeBack: false);

    /// <summary>The client sent more requests than it may; come back after <c>retryAfterMs</c>.</summary>
    public static readonly CloseReason TooManyRequests = new(4006, "tooManyRequests", ComeBack: true);

    /// <summary>The hub cannot serve listeners yet, or not now; come back after <c>retryAfterMs</c>.</summary>
    public static readonly CloseReason NotReady = new(4007, "notReady", ComeBack: true);

    public static readonly IReadOnlyList<CloseReason> All = [Draining, Idle, TooManyConnections, NotAllowed, ProtocolError, TooManyRequests, NotReady];
}
