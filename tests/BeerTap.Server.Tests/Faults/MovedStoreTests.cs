using System.Net;
using System.Net.Http.Json;
using BeerTap.Processes;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>Files of the store are taken from under a running hub, or their disk cannot be written; and two hubs are started on one folder.</summary>
public sealed class MovedStoreTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-moved-").FullName;

    private string Store => Path.Combine(_folder, "store");

    public static TheoryData<string, string> ProvidersAndFiles
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var provider in Setup.Providers)
            {
                string[] files = provider == "sqlite"
                    ? ["", "beertap.db", "beertap.db-wal", "beertap.db-shm", "beertap.mark", "beertap.lock"]
                    : ["", "beertap.litedb", "beertap-log.litedb", "beertap.lock"];
                foreach (var file in files) cases.Add(provider, file);
            }

            return cases;
        }
    }

    [LocalLogTheory("a shared log stores later what was refused"), MemberData(nameof(ProvidersAndFiles))]
    public async Task PoursAreRefusedWhileTheFolderOrAFileOfTheStoreIsNotInItsPlace(string provider, string file)
    {
        var path = Path.Combine(Store, file).TrimEnd('/');
        var errors = 0;
        await using var hub = new HubProcess($"--Storage:Provider={provider}")
        {
            Folder = Store,
            Said = line => errors += line.Contains("No pour is stored", StringComparison.Ordinal) ? 1 : 0,
        };
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        Assert.Equal(HttpStatusCode.Created, await PourAsync(http, "before"));

        Directory.Move(path, path + ".elsewhere");
        await Until.IsSoAsync(async () => await PourAsync(http, $"refused {Guid.NewGuid()}") == HttpStatusCode.ServiceUnavailable, "pours are refused", TimeSpan.FromSeconds(2), default);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PourAsync(http, "refused"));
        await Until.IsSoAsync(async () => !await Until.AnswersAsync(http, "/health/ready", default), "the hub is not ready", Patience, default);
        Assert.Contains("was deleted or moved", await (await http.GetAsync("/health/ready")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Until.IsSoAsync(() => Task.FromResult(errors == 1), "the log says so once", Patience, default);

        // Another file in its place is not the one that is open.
        if (file.Length == 0) Directory.CreateDirectory(path).CreateSubdirectory("x");
        else await File.WriteAllTextAsync(path, "another");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PourAsync(http, "refused"));
        if (file.Length == 0) Directory.Delete(path, recursive: true);
        else File.Delete(path);
        Directory.Move(path + ".elsewhere", path);
        await Until.IsSoAsync(async () => await PourAsync(http, "after") is HttpStatusCode.Created or HttpStatusCode.OK, "pours are taken again", Patience, default);
        await Until.IsSoAsync(() => Until.AnswersAsync(http, "/health/ready", default), "the hub is ready again", Patience, default);

        await hub.KillAsync();
        await hub.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await PourAsync(http, "before"));
        Assert.Equal(HttpStatusCode.OK, await PourAsync(http, "after"));
    }

    [LocalLogTheory("two hubs of one log do not start on one folder anyway"), MemberData(nameof(Providers))]
    public async Task ASecondHubDoesNotStartThoughTheLockFileWasDeletedOrTheFrameworksLocksAreOff(string provider)
    {
        await using var hub = new HubProcess($"--Storage:Provider={provider}") { Folder = Store, Launcher = ["sh", "-c", "DOTNET_SYSTEM_IO_DISABLEFILELOCKING=1 \"$@\"; exit $?", "sh"] };
        await hub.StartAsync();
        await ExpectHeldAsync(provider);
        File.Delete(Path.Combine(Store, StoreFolder.LockFile));
        await ExpectHeldAsync(provider);
    }

    public static TheoryData<string> Providers => Setup.Providers;

    [Fact]
    public async Task AReadOnlyFileSystemIsSaidToBeOne()
    {
        Directory.CreateDirectory(Store);
        if (!await ProgramAsync("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", Store))
        {
            output.WriteLine("skipped: a tmpfs cannot be mounted here (it takes root on Linux)");
            return;
        }

        try
        {
            var (store, backup) = await CommandStore.MakeAsync(Store);
            Assert.True(await ProgramAsync("mount", "-o", "remount,ro", Store));
            string[][] commands =
            [
                ["serve", $"--Storage:Path={store}", "--urls=http://127.0.0.1:0"],
                ["check", $"--Storage:Path={store}"],
                ["backup", Path.Combine(_folder, "copy.beertap"), $"--Storage:Path={store}"],
                ["restore", backup, "--force", $"--Storage:Path={store}"],
                ["restore", backup, $"--Storage:Path={Path.Combine(Store, "new")}"],
                ["export", Path.Combine(Store, "x.csv"), "--backup=" + backup, $"--Storage:Path={store}"],
                ["keys", "add", "--role", "viewer", $"--Storage:Path={store}"],
                ["keys", "add", "--role", "viewer", $"--Storage:Path={Path.Combine(Store, "new")}"],
            ];
            foreach (var command in commands)
            {
                var (code, said, errors) = await HubCommand.RunAsync(command);
                Assert.True(code == 2, $"{string.Join(' ', command)}: {code} {said}{errors}");
                Assert.Contains("ead-only file system", errors, StringComparison.Ordinal);
                Assert.DoesNotContain("held", errors, StringComparison.Ordinal);
            }
        }
        finally
        {
            await ProgramAsync("umount", Store);
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private async Task ExpectHeldAsync(string provider)
    {
        var (code, said, errors) = await HubCommand.RunAsync("serve", $"--Storage:Path={Store}", $"--Storage:Provider={provider}", "--urls=http://127.0.0.1:0");
        Assert.True(code == 2, $"a second hub ended with {code}: {said}{errors}");
        Assert.Contains("is held by another hub", errors, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> PourAsync(HttpClient http, string pourId)
    {
        using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 300, pourId });
        return answer.StatusCode;
    }

    private static async Task<bool> ProgramAsync(string program, params string[] args)
    {
        try
        {
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, args) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
