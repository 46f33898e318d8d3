using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace BeerTap.Server.Security;

/// <summary>The secret itself, as its holder has it. It exists in the hub only while it is shown and while a request is looked at.</summary>
internal static class KeyText
{
    /// <summary>Tells a key from other text, for people and for scanners that look for secrets where none belong.</summary>
    public const string Prefix = "bt_";

    /// <summary>256 bits: cannot be guessed, at any rate and on any machine.</summary>
    private const int RandomBytes = 32;

    /// <summary>Longer text is no key of any hub and is not worth hashing.</summary>
    private const int Longest = 256;

    /// <summary>A key chosen outside of the hub must be at least as long as 128 bits in hex.</summary>
    private const int ShortestChosen = 32, FewestDistinctCharacters = 8;

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Hashes what a request brought; false when it cannot be a key. What does not fit is refused, never cut.</summary>
    public static bool TryHash(ReadOnlySpan<char> text, Span<byte> hash)
    {
        Span<byte> bytes = stackalloc byte[Longest];
        if (text.Length is 0 or > Longest || !Ascii.IsValid(text)) return false;
        Encoding.ASCII.GetBytes(text, bytes);
        SHA256.HashData(bytes[..text.Length], hash);
        return true;
    }

    /// <summary>What is wrong with a key text that somebody chose, or null. Says nothing of the text.</summary>
    public static string? FaultOf(string text) =>
        text.Length is < ShortestChosen or > Longest ? $"must hold one key of {ShortestChosen} to {Longest} characters"
        : text.Any(c => c is <= ' ' or > '~') ? "must hold one key of visible ASCII characters without spaces, and nothing else"
        : text.Distinct().Count() < FewestDistinctCharacters ? "holds a key that can be guessed"
        : null;
}
