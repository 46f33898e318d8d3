using System.Net.Sockets;
using System.Security.Cryptography;
using BeerTap.Server.Replication;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>Why the hub does not start, in words for a person, on standard error.</summary>
internal static class Refusal
{
    public const int ExitCode = 2;

    /// <summary>Whether a fault's own message is the explanation: the settings, the store, or an address that is taken.</summary>
    public static bool Explains(Exception fault) => fault is SettingsException or StoreException or KeyFileException or LogException or IOException or SocketException or InvalidDataException or CryptographicException
        || fault is InvalidOperationException { Source: "Microsoft.AspNetCore.Server.Kestrel.Core" };

    public static int Tell(Exception fault, string what = "The hub cannot start:")
    {
        var reasons = fault is SettingsException settings ? settings.Faults : [fault.Message];
        Console.Error.WriteLine(what);
        foreach (var reason in reasons) Console.Error.WriteLine($"  - {reason}");
        return ExitCode;
    }
}
