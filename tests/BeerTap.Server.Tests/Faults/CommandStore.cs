using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Faults;

/// <summary>A stopped hub's store with pours and a key, and a backup of it, for commands to be run on.</summary>
internal static class CommandStore
{
    public const int Pours = 3;

    public static async Task<(string Store, string Backup)> MakeAsync(string folder)
    {
        var (path, backup) = (Path.Combine(folder, "store"), Path.Combine(folder, "backup.beertap"));
        var options = new StorageOptions { Path = path };
        using (var store = BeerTap.Server.Storage.Registration.Open(options))
        {
            var batch = new LogBatch(0);
            for (var i = 1; i <= Pours; i++) batch.Pour(new PourBeer(i, "pint", 500, new DateTime(2026, 1, i, 0, 0, 0, DateTimeKind.Utc), $"pour {i}"));
            store.Append(batch);
        }

        await new KeyFile(path, TimeProvider.System).AddAsync(new KeyWish(Role.Operator, null, null), default);
        SqliteBackup.Take(options, backup, _ => { });
        return (path, backup);
    }
}
