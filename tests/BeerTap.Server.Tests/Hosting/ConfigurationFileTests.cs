using System.Diagnostics;
using BeerTap.Processes;
using BeerTap.Server.Tests.Faults;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The file of the configuration: what is wrong in it is told with its place, and it is read once, without a watch on it.</summary>
public sealed class ConfigurationFileTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-program-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("{\n  \"Storage\": { \"Path\": \"data\" \"Provider\": \"sqlite\" }\n}", "line 2, column 31")]
    [InlineData("{\n  \"Storage\": {\n", "line 3, column 1")]
    [InlineData("", "JSON")]
    [InlineData("[]", "must be an object")]
    [InlineData("{\n  \"Storage\": {}, \"Storage\": {\"Path\":\"a\"}, \"storage:path\": \"b\"\n}", "duplicate key")]
    public async Task ABrokenFileIsRefusedWithItsNameItsPlaceAndTheCause(string content, string told)
    {
        await File.WriteAllTextAsync(Path.Combine(CopyOfTheProgram(), "appsettings.json"), content);
        var (code, said) = await RunAsync("--urls=http://127.0.0.1:0", $"--Storage:Path={_folder}/store");
        Assert.Equal(2, code);
        Assert.Contains("appsettings.json", said, StringComparison.Ordinal);
        Assert.Contains(told, said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "store")));
    }

    [Theory]
    [InlineData(2, "keys", "list")]
    [InlineData(2, "check")]
    [InlineData(2, "export", "-")]
    [InlineData(2, "drain", "--key=k")]
    [InlineData(1, "--health")]
    public async Task EveryCommandTellsOfABrokenFile(int code, params string[] command)
    {
        await File.WriteAllTextAsync(Path.Combine(CopyOfTheProgram(), "appsettings.json"), "{\n  oops\n}");
        var (ended, said) = await RunAsync(command);
        Assert.Equal(code, ended);
        Assert.Contains("line 2, column 3", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHubStartsWhereNoFileCanBeWatched()
    {
        if (!await CanTraceAsync())
        {
            output.WriteLine("skipped: strace is not there or may not trace; apt-get install strace");
            return;
        }

        await using var hub = new HubProcess
        {
            Launcher = ["strace", "-f", "-o", Path.Combine(_folder, "trace"), "-e", "trace=inotify_init,inotify_init1", "-e", "inject=inotify_init,inotify_init1:error=EMFILE"],
            Patience = TimeSpan.FromMinutes(2),
        };
        await hub.StartAsync();
        Assert.DoesNotContain("inotify_init", await File.ReadAllTextAsync(Path.Combine(_folder, "trace")), StringComparison.Ordinal);
    }

    /// <summary>The program in a folder of its own: its base is where its file lies, so that is a copy, and the rest is linked.</summary>
    private string CopyOfTheProgram()
    {
        foreach (var entry in new DirectoryInfo(AppContext.BaseDirectory).EnumerateFileSystemInfos())
        {
            var copy = Path.Combine(_folder, entry.Name);
            if (entry.Name.StartsWith("BeerTap.Server.", StringComparison.Ordinal))
            {
                File.Copy(entry.FullName, copy);
            }
            else if (entry is DirectoryInfo)
            {
                Directory.CreateSymbolicLink(copy, entry.FullName);
            }
            else if (entry.Name != "appsettings.json")
            {
                File.CreateSymbolicLink(copy, entry.FullName);
            }
        }

        return _folder;
    }

    private async Task<(int Code, string Said)> RunAsync(params string[] args)
    {
        var (code, answer, errors) = await HubCommand.RunProgramAsync(Path.Combine(_folder, "BeerTap.Server.dll"), args);
        return (code, answer + errors);
    }

    private static async Task<bool> CanTraceAsync()
    {
        try
        {
            using var strace = Process.Start(new ProcessStartInfo("strace", ["-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
            await strace.WaitForExitAsync();
            return strace.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
