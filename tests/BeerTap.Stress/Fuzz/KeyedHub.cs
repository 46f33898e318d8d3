using System.Security.Cryptography;
using BeerTap.Processes;

namespace BeerTap.Stress.Fuzz;

/// <summary>A hub that lets nobody do anything without a key, and its keys: they come from files, so that they are known before it runs.</summary>
/// <param name="Operator">May do everything.</param>
/// <param name="Tap">Pours for any tap, and listens.</param>
/// <param name="Viewer">Reads and listens.</param>
internal sealed record KeyedHub(string Operator, string Tap, string Viewer)
{
    public static HubProcess New(HubWords words, out KeyedHub keys)
    {
        var folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
        string Make(string name)
        {
            var text = RandomNumberGenerator.GetHexString(64, lowercase: true);
            File.WriteAllText(Path.Combine(folder, name), text);
            return text;
        }

        keys = new KeyedHub(Make("operator.key"), Make("tap.key"), Make("viewer.key"));
        string Setting(string role) => $"--Security:{char.ToUpperInvariant(role[0])}{role[1..]}KeyFile={Path.Combine(folder, role + ".key")}";
        return new HubProcess("--Security:Reading=keys", "--Limits:RequestsPerKey=0", Setting("operator"), Setting("tap"), Setting("viewer")) { Folder = folder, Said = words.Hear };
    }
}
