namespace BeerTap.Server.Replication;

/// <summary>The keys, which hubs of one log have in common.</summary>
internal interface ISharedKeys
{
    /// <summary>This hub is at the end of the log and has met no other's words in it: whoever else there may be joins later, and says what it knows then.</summary>
    void BeFirst();

    /// <summary>Takes what came out of the log. When it returns, that is on the disk. Called in log order, by one thread.</summary>
    /// <exception cref="Exception">It could not be taken; it is called again with the same.</exception>
    void Hear(KeyNews news);

    /// <summary>Hands to the log what this hub knows and has not heard there, until it is cancelled.</summary>
    /// <param name="tell">Hands it over, and does not wait until it came through.</param>
    Task TellAsync(Func<KeyNews, CancellationToken, Task> tell, CancellationToken cancel);
}
