using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>Why the hub does not start, in words for a person, on standard error.</summary>
internal static class Refusal
{
    public const int ExitCode = 2;

    /// <summary>Whether a fault's own message is the explanation: the store, or an address that is taken.</summary>
    public static bool Explains(Exception fault) => fault is StoreException or IOException;

    public static int Of(string headline, IReadOnlyList<string> faults)
    {
        Console.Error.WriteLine(headline);
        foreach (var fault in faults) Console.Error.WriteLine($"  - {fault}");
        return ExitCode;
    }
}
