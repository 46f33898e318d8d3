using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BeerTap.Processes;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Replication;

/// <summary>What only a process of its own shows.</summary>
public sealed class ProcessTests
{
    private const int SigTerm = 15;

    [LocalLogFact("it is about a hub without brokers")]
    public async Task AHubAloneLoadsNothingOfRabbitMq()
    {
        await using var hub = new HubProcess();
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 500 });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

        var loaded = await File.ReadAllTextAsync($"/proc/{hub.Id}/maps");
        Assert.Contains("BeerTap.Server.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("RabbitMQ", loaded, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task ANewHubWithoutBrokersLivesSaysWhatItWaitsForAndStopsWhenAsked()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var address = $"http://{probe.LocalEndpoint}";
        probe.Stop();

        // One broker that is not there, and one that takes connections and says nothing.
        var folder = Directory.CreateTempSubdirectory("beertap-test-");
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll"), $"--urls={address}", $"--Storage:Path={folder}", "--Logging:Level=Warning",
                "--Security:Origins:0=https://bar.example", "--Log:Provider=RabbitMq", $"--Log:ConnectionString=amqp://127.0.0.1:1,amqp://{silent.LocalEndpoint}",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var said = process.StandardOutput.ReadToEndAsync();
            using var http = new HttpClient { BaseAddress = new Uri(address) };
            await Eventually.HoldsAsync(() => Answers(http, "/health/live", HttpStatusCode.OK, "live"), "it does not say that it lives");
            await Eventually.HoldsAsync(() => Answers(http, "/health/ready", HttpStatusCode.ServiceUnavailable, "refused"), "it does not say why it is not ready");
            using (var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 500 }))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                Assert.NotNull(answer.Headers.RetryAfter);
            }

            using (var request = new HttpRequestMessage(HttpMethod.Get, "/api/events/stream"))
            {
                request.Headers.Accept.ParseAdd("text/event-stream");
                request.Headers.Add("Origin", "https://bar.example");
                using var putOff = await http.SendAsync(request);
                Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (putOff.StatusCode, putOff.Content.Headers.ContentType?.MediaType));
                Assert.Equal(["https://bar.example"], putOff.Headers.GetValues("Access-Control-Allow-Origin"));
                Assert.Contains("\"reason\":\"notReady\"", await putOff.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            Assert.Empty(folder.GetFiles("beertap.db*"));
            Assert.Equal(0, Signal(process.Id, SigTerm));
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal(0, process.ExitCode);
            Assert.Contains("The log cannot be used, trying again", await said, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            folder.Delete(recursive: true);
        }
    }

    private static bool Answers(HttpClient http, string path, HttpStatusCode status, string word)
    {
        try
        {
            using var answer = http.Send(new HttpRequestMessage(HttpMethod.Get, path));
            using var reader = new StreamReader(answer.Content.ReadAsStream());
            return answer.StatusCode == status && reader.ReadToEnd().Contains(word, StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            // Not listening yet.
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
