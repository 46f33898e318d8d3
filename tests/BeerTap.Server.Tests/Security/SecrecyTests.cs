using System.Net;
using System.Net.Sockets;
using System.Text;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Security;

/// <summary>A key's text is with its holder and nowhere else.</summary>
public sealed class SecrecyTests
{
    // Everything that a curious configuration could turn on.
    private static readonly string[] EverySource =
    [
        "Microsoft", "System", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Hosting.Diagnostics",
        "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Server.Kestrel.BadRequests",
    ];

    [Fact]
    public async Task NoKeyIsInAnyLogLineAtAnyLevelNorInAnyFileOfTheStore()
    {
        var log = Directory.CreateTempSubdirectory("beertap-log-").FullName;
        var secrets = new List<string>();
        try
        {
            string[] loud = [.. EverySource.Select(source => $"--Serilog:MinimumLevel:Override:{source}=Verbose")];
            await using (var hub = await HubUnderTest.StartAsync(["--Security:Reading=keys", "--Logging:Level=Verbose", $"--Logging:File={log}/hub.log", .. loud]))
            {
                var (_, master) = await hub.KeyAsync(Role.Operator);
                using var made = await hub.SendAsync("POST", "/api/keys", master, """{"role":"tap","tapId":1}""");
                var tap = (string)(await made.JsonAsync())["text"]!;
                var (id, viewer) = await hub.KeyAsync(Role.Viewer);
                var wrong = KeyText.New();
                secrets.AddRange([master, tap, viewer, wrong]);

                Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", tap, """{"tapId":1,"volume":500}"""));
                foreach (var key in secrets)
                {
                    await hub.StatusAsync("GET", $"/api/beers?access_token={key}", key);
                    await hub.StatusAsync("GET", $"/nowhere?access_token={key}", key);
                    await hub.StatusAsync("POST", $"/hubs/taps/negotiate?access_token={key}");
                    await hub.StatusAsync("GET", $"/sockets/beers?after=x&access_token={key}");

                    // Requests that Kestrel does not understand, with the key where it complains.
                    await RawAsync(hub, $"GET /sockets/beers?access_token={key} HTTP/9.9\r\nHost: localhost\r\n\r\n");
                    await RawAsync(hub, $"GET /sock\0ets?access_token={key} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                    await RawAsync(hub, $"GET / HTTP/1.1\r\nHost: localhost\r\nX-Api-Key {key}\r\n\r\n");
                    await RawAsync(hub, $"GET / HTTP/1.1\r\nHost: {key}~ ~\r\nX-Api-Key: {key}\0\r\n\r\n");
                }

                foreach (var transport in Listener.JsonTransports)
                {
                    await using var listener = await Listener.ConnectAsync(transport, hub, key: viewer);
                }

                await hub.StatusAsync("DELETE", $"/api/keys/{id}", master);
                Assert.All(Directory.GetFiles(hub.Folder), file => Assert.All(secrets, key => Assert.DoesNotContain(key, Text(file), StringComparison.Ordinal)));
            }

            var lines = Text(Directory.GetFiles(log).Single());
            Assert.Contains("Connection id", lines, StringComparison.Ordinal);
            Assert.All(secrets, key => Assert.DoesNotContain(key, lines, StringComparison.Ordinal));
            Assert.All(secrets, key => Assert.DoesNotContain(KeyText.HashOf(key), lines, StringComparison.Ordinal));
            Assert.DoesNotContain("access_token=", lines, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(log, recursive: true);
        }
    }

    // The hub holds its files open: read beside it.
    private static string Text(string path)
    {
        if (path.EndsWith(".lock", StringComparison.Ordinal)) return "";
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static async Task RawAsync(HubUnderTest hub, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await client.GetStream().ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, patience.Token);
    }
}
