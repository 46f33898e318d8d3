using BeerTap.Processes;
using BeerTap.Server.Storage;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>A command is killed at its first change of the disk, at its second, and so on until it is not killed any more; each time it is run again.</summary>
public sealed class KilledCommandTests(ITestOutputHelper output) : IDisposable
{
    private const int Killed = 128 + 9;

    private static readonly string[] Changes = ["rename", "unlink", "mkdir", "fsync", "fdatasync"];

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-killed-").FullName;

    [Theory]
    [InlineData("restore BACKUP --force", true), InlineData("restore BACKUP", false), InlineData("backup FILE", true), InlineData("export FILE", true), InlineData("keys add --role viewer", true)]
    public async Task ACommandThatWasKilledAtAnyMomentCanBeRunAgainAndEndsWell(string command, bool hasStore)
    {
        if (await FailingFlushes.WhyNotAsync() is { } reason)
        {
            output.WriteLine($"skipped: {reason}");
            return;
        }

        var kills = 0;
        foreach (var call in Changes)
        {
            // strace counts each call by itself.
            for (var number = 1; await IsKilledAtAsync(command, hasStore, call, number); number++) kills++;
        }

        output.WriteLine($"killed {kills} times");
        Assert.True(kills > 1, $"killed {kills} times only");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<bool> IsKilledAtAsync(string command, bool hasStore, string call, int number)
    {
        var (at, folder) = ($"killed at {call} {number}", Directory.CreateDirectory(Path.Combine(_folder, $"{call}-{number}")).FullName);
        var (store, backup) = await CommandStore.MakeAsync(folder);
        if (!hasStore) Directory.Delete(store, recursive: true);
        var file = Path.Combine(folder, "file.csv");
        var (code, said) = await TracedCommand.RunAsync(Path.Combine(folder, "trace"), $"{call}:signal=KILL:when={number}", Words(file));
        if (code != Killed)
        {
            Assert.True(code == 0, said);
            return false;
        }

        CheckThatNothingIsLost(store, hasStore, at);

        // Another file: one that was whole when it was killed has its name, and what is half-made is removed by any other run.
        var again = await HubCommand.RunAsync(Words(file + "2.csv"));
        Assert.True(again.Code == 0, $"{at}, then: {again.Output}{again.Errors}");
        var check = await HubCommand.RunAsync("check", $"--Storage:Path={store}");
        Assert.True(check.Code == 0, $"{at}, then: {check.Output}{check.Errors}");
        Assert.Contains($"up to position {CommandStore.Pours}", check.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*.making", SearchOption.AllDirectories));
        Assert.False(File.Exists(Path.Combine(store, "beertap.restoring")));
        Directory.Delete(folder, recursive: true);
        return true;

        string[] Words(string target) =>
            [.. command.Split(' ').Select(word => word switch { "FILE" => target, "BACKUP" => backup, _ => word }), $"--Storage:Path={store}"];
    }

    /// <summary>A hub that is started now serves a whole store or refuses; it never begins an empty one where pours were.</summary>
    private static void CheckThatNothingIsLost(string store, bool hadStore, string at)
    {
        if (!StoreFolder.HasStore(store))
        {
            Assert.False(hadStore, $"{at}: no store is left, and no hub is warned");
            return;
        }

        try
        {
            using var opened = Registration.Open(new StorageOptions { Path = store });
            Assert.True(opened.Head == CommandStore.Pours, $"{at}: a hub would serve {opened.Head} pours");
        }
        catch (StoreException ex)
        {
            Assert.Contains("cut short", ex.Message, StringComparison.Ordinal);
        }
    }
}
