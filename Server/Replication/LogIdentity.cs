using System.Security.Cryptography;

namespace BeerTap.Server.Replication;

/// <summary>Who this hub is in the log, and where its store stood when it was started.</summary>
/// <param name="Epoch">The store's epoch, which must be the log's.</param>
/// <param name="Offset">The offset of the last entry that the store has applied; -1 before the first.</param>
/// <param name="LastSender">Whose that entry was.</param>
/// <param name="Head">The number of the store's last position.</param>
internal sealed record LogIdentity(string Epoch, long Offset, string? LastSender, long Head)
{
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int Length = 12;

    /// <summary>Whose this hub's entries are: another name with each start, so that numbers may begin at 1.</summary>
    public string Sender { get; } = NewSender();

    public static string NewSender() => RandomNumberGenerator.GetString(Alphabet, Length);
}
