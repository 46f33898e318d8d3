namespace BeerTap.Server.Replication;

/// <summary>This hub and the log do not belong together, or not any more; the message says why and what to do. Trying again does not help.</summary>
internal sealed class LogException(string message, Exception? inner = null) : Exception(message, inner);
