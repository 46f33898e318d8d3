using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>Listeners over TLS, where nothing may go past the layer that encrypts.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";

    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("beertap-test-");

    public TlsTests() => _certificate = new CertificateRequest("CN=hub", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));

    [Theory]
    [InlineData("/sockets/beers", "beertap.v1", null, "1.1")]
    [InlineData("/sockets/beers", "beertap.v1", null, "2.0")]
    [InlineData("/hubs/taps", null, Handshake, "1.1")]
    [InlineData("/hubs/taps", null, Handshake, "2.0")]
    public async Task AListenerOverTlsHearsEveryPour(string path, string? protocol, string? handshake, string version)
    {
        await using var hub = await StartAsync();
        using var socket = new ClientWebSocket();
        using var http = new HttpMessageInvoker(Trusting());
        if (protocol is not null) socket.Options.AddSubProtocol(protocol);
        (socket.Options.HttpVersion, socket.Options.HttpVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);
        using var patience = new CancellationTokenSource(Listener.Patience);
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{hub.TlsPort}{path}"), http, patience.Token);
        if (handshake is not null) await socket.SendAsync(Encoding.UTF8.GetBytes(handshake), WebSocketMessageType.Text, true, patience.Token);
        await HearEveryPourAsync(hub, async buffer => (await socket.ReceiveAsync(buffer, patience.Token)).Count);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task AStreamOverTlsHearsEveryPour(string version)
    {
        await using var hub = await StartAsync();
        using var http = new HttpClient(Trusting());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{hub.TlsPort}/api/events/stream")
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var patience = new CancellationTokenSource(Listener.Patience);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        await using var stream = await answer.Content.ReadAsStreamAsync(patience.Token);
        await HearEveryPourAsync(hub, async buffer => await stream.ReadAsync(buffer, patience.Token));
    }

    [Fact]
    public async Task AListenerOverHttp2ThatSendsABodyIsDisconnected()
    {
        await using var hub = await StartAsync();
        using var http = new HttpClient(Trusting());
        using var body = new EndlessContent();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{hub.TlsPort}/api/events/stream")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        using var patience = new CancellationTokenSource(Listener.Patience);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        await using var stream = await answer.Content.ReadAsStreamAsync(patience.Token);
        await stream.ReadExactlyAsync(new byte[1], patience.Token);
        body.Begin();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await stream.ReadAsync(new byte[4096], patience.Token) > 0)
            {
            }

            throw new IOException("The hub ended the stream.");
        });
        await hub.UntilConnectionsAsync(0);
    }

    public void Dispose()
    {
        _key.Dispose();
        _certificate.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<HubUnderTest> StartAsync()
    {
        var file = Path.Combine(_folder.FullName, "hub.pfx");
        await File.WriteAllBytesAsync(file, _certificate.Export(X509ContentType.Pkcs12, "secret"));
        return await HubUnderTest.StartAsync(
            "--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:0", "--Kestrel:Endpoints:Tls:Url=https://127.0.0.1:0",
            $"--Kestrel:Endpoints:Tls:Certificate:Path={file}", "--Kestrel:Endpoints:Tls:Certificate:Password=secret");
    }

    private SocketsHttpHandler Trusting() => new()
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == _certificate.GetCertHashString() },
    };

    private static async Task HearEveryPourAsync(HubUnderTest hub, Func<Memory<byte>, Task<int>> receive)
    {
        const int Pours = 50;
        await hub.UntilConnectionsAsync(1);
        var heard = Task.Run(async () =>
        {
            var (text, buffer) = (new StringBuilder(), new byte[64 * 1024]);
            while (!text.ToString().Contains($"\"id\":{Pours},", StringComparison.Ordinal))
            {
                var read = await receive(buffer);
                Assert.NotEqual(0, read);
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }

            return text.ToString();
        });
        for (var i = 0; i < Pours; i++) await hub.PourAsync();
        var all = await heard;
        for (var id = 1; id <= Pours; id++) Assert.Contains($"\"id\":{id},", all, StringComparison.Ordinal);
    }

    /// <summary>A body whose first byte comes when the test says so, and which has no end.</summary>
    private sealed class EndlessContent : HttpContent
    {
        private readonly TaskCompletionSource _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Begin() => _begin.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.FlushAsync();
            await _begin.Task.WaitAsync(Listener.Patience);
            while (true)
            {
                await stream.WriteAsync(new byte[1024]);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
