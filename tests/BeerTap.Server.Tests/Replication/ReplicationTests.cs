namespace BeerTap.Server.Tests.Replication;

/// <summary>One after the other: they look at the threads of the process.</summary>
[CollectionDefinition(Name)]
public sealed class ReplicationTests
{
    public const string Name = "replication";
}
