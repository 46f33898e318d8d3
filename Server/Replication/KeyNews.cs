using BeerTap.Server.Security;

namespace BeerTap.Server.Replication;

/// <summary>What a hub tells the others about keys.</summary>
/// <param name="Keys">As they are stored, hashes only; the revoked among them.</param>
/// <param name="Asks">The sender asks every hub to tell what it knows: it has just come to the end of the log, and what was said before it joined it may not have heard.</param>
internal sealed record KeyNews(IReadOnlyList<ApiKey> Keys, bool Asks = false);
