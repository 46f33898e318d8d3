using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>Listeners over TLS, where nothing may go past the layer that encrypts.</summary>
public sealed class TlsTests
{
    [Theory]
    [InlineData("/sockets/beers", "beertap.v1", null)]
    [InlineData("/hubs/taps", null, "{\"protocol\":\"json\",\"version\":1}\u001e")]
    public async Task AListenerOverTlsHearsEveryPour(string path, string? protocol, string? handshake)
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=hub", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var folder = Directory.CreateTempSubdirectory("beertap-test-");
        try
        {
            var file = Path.Combine(folder.FullName, "hub.pfx");
            await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pkcs12, "secret"));
            await using var hub = await HubUnderTest.StartAsync(
                "--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:0", "--Kestrel:Endpoints:Tls:Url=https://127.0.0.1:0",
                $"--Kestrel:Endpoints:Tls:Certificate:Path={file}", "--Kestrel:Endpoints:Tls:Certificate:Password=secret");
            using var socket = new ClientWebSocket();
            socket.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString();
            if (protocol is not null) socket.Options.AddSubProtocol(protocol);
            using var patience = new CancellationTokenSource(Listener.Patience);
            await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{hub.TlsPort}{path}"), patience.Token);
            if (handshake is not null) await socket.SendAsync(Encoding.UTF8.GetBytes(handshake), WebSocketMessageType.Text, true, patience.Token);
            await hub.UntilConnectionsAsync(1);

            var heard = Task.Run(async () =>
            {
                var (text, buffer) = (new StringBuilder(), new byte[64 * 1024]);
                while (!text.ToString().Contains("\"id\":50,", StringComparison.Ordinal))
                {
                    var part = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
                    text.Append(Encoding.UTF8.GetString(buffer, 0, part.Count));
                }

                return text.ToString();
            });
            for (var i = 0; i < 50; i++) await hub.PourAsync();
            var all = await heard;
            for (var id = 1; id <= 50; id++) Assert.Contains($"\"id\":{id},", all, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
