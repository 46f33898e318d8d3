namespace BeerTap.Server.Replication;

/// <summary>An entry that came out of the log and waits to be applied.</summary>
internal sealed record ReceivedEntry(LogEntry Entry, LogDelivery Delivery);
