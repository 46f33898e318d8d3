using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using BeerTap.Processes;
using BeerTap.Server.Storage;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>
/// The hub's system calls are traced while a tap pours: each pour was flushed before it was answered, and a power cut at any answer, whatever
/// part of the rest reached the disk, leaves a store with every pour that was answered. <c>BEERTAP_POWER_CUTS</c> sets how many pours.
/// </summary>
public sealed partial class PowerCutTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-trace-").FullName;

    public static TheoryData<string> Providers => Setup.Providers;

    [Theory, MemberData(nameof(Providers))]
    public async Task EveryAnsweredPourWasFlushedAndSurvivesAPowerCut(string provider)
    {
        if (!await CanTraceAsync())
        {
            output.WriteLine("skipped: strace is not there or may not trace; apt-get install strace");
            return;
        }

        var pours = Setup.Number("BEERTAP_POWER_CUTS", 150);
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"{provider}: {pours} pours, BEERTAP_TEST_SEED={seed}");
        var random = new Random(seed);
        var trace = Path.Combine(_folder, "trace");
        string store;
        await using (var hub = new HubProcess($"--Storage:Provider={provider}")
        {
            Launcher = ["strace", "-f", "-xx", "-s", "1000000", "-o", trace, "-e", $"trace={SystemCalls.Traced}"],
        })
        {
            await hub.StartAsync();
            store = hub.Folder;
            using var http = new HttpClient { BaseAddress = hub.Address };
            for (var i = 1; i <= pours; i++)
            {
                using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = i % 7 + 1, volume = 100 + i % 900, pourId = $"pour {i}" });
                Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            }

            await hub.KillAsync();
        }

        Replay(provider, pours, random, trace, store);
    }

    [Fact]
    public async Task AKeyThatWasMadeOrTakenBackStaysSo()
    {
        if (!await CanTraceAsync())
        {
            output.WriteLine("skipped: strace is not there or may not trace; apt-get install strace");
            return;
        }

        var (trace, keys) = (Path.Combine(_folder, "trace"), Path.Combine(_folder, "keys"));
        string[] strace = ["-f", "-xx", "-s", "10000", "-o", trace, "-e", $"trace={SystemCalls.Traced}"];
        string[] add = ["dotnet", Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll"), "keys", "add", "--role", "operator", $"--Storage:Path={keys}"];
        using var command = Process.Start(new ProcessStartInfo("strace", [.. strace, .. add]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Task.WhenAll(command.StandardOutput.ReadToEndAsync(), command.StandardError.ReadToEndAsync());
        await command.WaitForExitAsync();

        // The new file has its name for good once the folder was flushed.
        var calls = SystemCalls.Read(trace).ToList();
        var named = calls.FindIndex(call => call.Name == "rename" && TextOf(call).EndsWith("keys.json", StringComparison.Ordinal));
        var opened = calls.FindIndex(named + 1, call => call.Name == "openat" && TextOf(call) == keys);
        Assert.True(named >= 0 && opened > named, "the folder is not flushed");
        Assert.Contains(calls.Skip(opened), call => call.Name == "fsync" && call.FirstNumber == calls[opened].Result);

        static string TextOf(SystemCall call) => System.Text.Encoding.UTF8.GetString(SystemCalls.Bytes(call.Arguments));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Replay(string provider, int pours, Random random, string trace, string store)
    {
        var log = provider == "sqlite" ? "beertap.db-wal" : "beertap-log.litedb";
        var disk = new ForgetfulDisk(store);
        var (answered, cuts, writes) = (0, 0, 0L);

        // What a write or a flush did is certain when it ended; an answer may be read by the client from when its sending began.
        foreach (var call in SystemCalls.Read(trace).OrderBy(call => call.Name is "sendto" or "sendmsg" ? call.Began : call.Ended))
        {
            if (call.Name is not ("sendto" or "sendmsg"))
            {
                disk.Apply(call);
                continue;
            }

            if (Location().Match(Encoding.ASCII.GetString(SystemCalls.Bytes(call.Arguments))) is not { Success: true } created) continue;
            answered++;
            Assert.Equal(answered, int.Parse(created.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            Assert.True(disk.Writes(log) > writes, $"pour {answered} was answered, though nothing was written to {log} for it");
            Assert.True(disk.Unflushed(log) == 0, $"pour {answered} was answered before {log} was flushed");
            writes = disk.Writes(log);
            if (answered > 10 && answered % 5 != 0) continue;
            CutPower(disk, provider, answered, () => false);
            CutPower(disk, provider, answered, () => random.Next(2) == 0);
            cuts += 2;
        }

        Assert.Equal(pours, answered);
        output.WriteLine($"{answered} answers came after their flush; {cuts} power cuts lost none of them");
    }

    private void CutPower(ForgetfulDisk disk, string provider, int answered, Func<bool> keeps)
    {
        var image = Path.Combine(_folder, "image");
        Directory.CreateDirectory(image);
        disk.CutPower(image, keeps);
        using (var store = Registration.Open(new StorageOptions { Path = image, Provider = provider }))
        {
            var log = store.ReadLog(0, answered + 10);
            Assert.InRange(store.Head, answered, answered + 1);
            Assert.Equal(Enumerable.Range(1, (int)store.Head).Select(seq => (long)seq), log.Select(entry => entry.Seq));
            Assert.All(log, entry => Assert.Equal(((BeerPoured)entry).Beer, store.FindPour((int)(entry.Seq % 7) + 1, $"pour {entry.Seq}")));
            Assert.Equal(store.Head, store.ReadTotals().Sum(total => total.Beers));
        }

        Directory.Delete(image, recursive: true);
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

    [GeneratedRegex(@"^HTTP/1\.1 201.*\r\nLocation: /api/beers/(\d+)\r\n", RegexOptions.Singleline)]
    private static partial Regex Location();
}
