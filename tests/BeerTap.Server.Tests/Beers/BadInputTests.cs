using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Beers;

/// <summary>What no tap should send: a clear 4xx each time, and nothing stored.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private HubUnderTest _hub = null!;

    public async Task InitializeAsync() => _hub = await HubUnderTest.StartAsync();

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Theory]
    [InlineData("", "malformed-json")]
    [InlineData("   ", "malformed-json")]
    [InlineData("not json", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":500""", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":500}}""", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":500}{"tapId":1,"volume":500}""", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":NaN}""", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":+500}""", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":Infinity}""", "malformed-json")]
    [InlineData("""{"tapId":01,"volume":500}""", "malformed-json")]
    [InlineData("""{'tapId':1,'volume':500}""", "malformed-json")]
    [InlineData("""[{"tapId":1,"volume":500}]""", "malformed-json")]
    [InlineData("null", "malformed-json")]
    [InlineData("42", "malformed-json")]
    [InlineData("""{"tapId":1,"volume":500,"more":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}""", "malformed-json")]
    [InlineData("{}", "tapId", "volume")]
    [InlineData("""{"volume":500}""", "tapId")]
    [InlineData("""{"tapId":1}""", "volume")]
    [InlineData("""{"tapId":-1,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":0,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":1.5,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":2147483648,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":99999999999999999999999999,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":"1","volume":"500"}""", "tapId", "volume")]
    [InlineData("""{"tapId":null,"volume":null}""", "tapId", "volume")]
    [InlineData("""{"tapId":{"a":1},"volume":[500]}""", "tapId", "volume")]
    [InlineData("""{"tapId":true,"volume":false}""", "tapId", "volume")]
    [InlineData("""{"tapId":1,"volume":1e999}""", "volume")]
    [InlineData("""{"tapId":1,"volume":-500}""", "volume")]
    [InlineData("""{"tapId":1,"volume":99.999999}""", "volume")]
    [InlineData("""{"tapId":1,"volume":1000.0000001}""", "volume")]
    [InlineData("""{"tapId":1,"tapId":1,"volume":500}""", "tapId")]
    [InlineData("""{"tapId":1,"volume":500,"volume":600}""", "volume")]
    [InlineData("""{"tapId":1,"volume":500,"pourId":""}""", "pourId")]
    [InlineData("""{"tapId":1,"volume":500,"pourId":7}""", "pourId")]
    [InlineData("""{"tapId":1,"volume":500,"pourId":"a\u0000b"}""", "pourId")]
    [InlineData("""{"tapId":1,"volume":500,"pourId":"\ud800"}""", "pourId")]
    [InlineData("""{"tapId":1,"volume":500,"pourId":"12345678901234567890123456789012345678901234567890123456789012345"}""", "pourId")]
    [InlineData("""{"tapId":1,"volume":500,"pouredAt":"yesterday"}""", "pouredAt")]
    [InlineData("""{"tapId":1,"volume":500,"pouredAt":"2026-01-01T10:00:00"}""", "pouredAt")]
    [InlineData("""{"tapId":1,"volume":500,"pouredAt":1700000000}""", "pouredAt")]
    public async Task ABadPourIsRefusedFieldByField(string body, params string[] problemOrFields)
    {
        using var answer = await _hub.Http.PostAsync("/api/beers", body.AsJson());
        var problem = await answer.JsonAsync();

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        if (problem["errors"] is { } errors) Assert.Equal(problemOrFields.Order(), errors.AsObject().Select(field => field.Key).Order());
        else Assert.Equal($"urn:beertap:problem:{problemOrFields.Single()}", (string?)problem["type"]);
        await NothingIsStored();
    }

    [Theory]
    [InlineData("""{"beers":[]}""")]
    [InlineData("""{"beers":{}}""")]
    [InlineData("""{"beers":null}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""{"beers":[{"tapId":1,"volume":500}],"beers":[]}""")]
    [InlineData("""{"beers":[{"tapId":1,"volume":500}""")]
    public async Task ABadBatchIsRefusedWhole(string body)
    {
        using var answer = await _hub.Http.PostAsync("/api/beers/batch", body.AsJson());
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await NothingIsStored();
    }

    [Theory]
    [InlineData("""{"tapId":1,"volume":500,"\ud800":1}""", "/api/beers", HttpStatusCode.Created)]
    [InlineData("""{"tapId":1,"volume":500,"volum\ud800":[2]}""", "/api/beers", HttpStatusCode.Created)]
    [InlineData("""{"volume":500,"tap\udc00":1}""", "/api/beers", HttpStatusCode.BadRequest)]
    [InlineData("""{"\ud800":1,"beers":[{"tapId":1,"volume":500,"pou\udc00":1}]}""", "/api/beers/batch", HttpStatusCode.OK)]
    public async Task AFieldWhoseNameIsNotUnicodeIsUnknownAndNoFaultOfTheHub(string body, string path, HttpStatusCode expected)
    {
        using var answer = await _hub.Http.PostAsync(path, body.AsJson());
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task ABatchOfMoreThanTheLimitIsRefusedWhole()
    {
        var pours = string.Join(',', Enumerable.Repeat("""{"tapId":1,"volume":500}""", 501));
        using var answer = await _hub.Http.PostAsync("/api/beers/batch", $$"""{"beers":[{{pours}}]}""".AsJson());
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("500", (string?)(await answer.JsonAsync())["errors"]!["beers"]![0], StringComparison.Ordinal);
        await NothingIsStored();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/jsonx")]
    public async Task AnythingButJsonIsAWrongMediaType(string? contentType)
    {
        using var body = new ByteArrayContent("""{"tapId":1,"volume":500}"""u8.ToArray());
        if (contentType is not null) body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using var answer = await _hub.Http.PostAsync("/api/beers", body);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        await NothingIsStored();
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("Application/JSON; Charset=\"UTF-8\"", true)]
    [InlineData("application/json;charset=utf-8", true)]
    [InlineData("application/json ; charset=\"Utf-8\" ; version=1", true)]
    [InlineData("APPLICATION/JSON; note=\"a;b, \\\"c\\\"\"", true)]
    [InlineData("application/json;", true)]
    [InlineData("application/json; charset=iso-8859-1", false)]
    [InlineData("application/json; charset=\"utf-16\"", false)]
    [InlineData("application/json, text/plain", false)]
    [InlineData("application/json2", false)]
    [InlineData("json", false)]
    public async Task AMediaTypeIsReadAsTheStandardSays(string contentType, bool isTaken)
    {
        foreach (var (path, body) in new[] { ("/api/beers", """{"tapId":1,"volume":500}"""), ("/api/beers/batch", """{"beers":[{"tapId":1,"volume":500}]}""") })
        {
            using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            using var answer = await _hub.Http.PostAsync(path, content);
            Assert.True(isTaken == answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            if (!isTaken) Assert.Equal("urn:beertap:problem:wrong-media-type", (string?)(await answer.JsonAsync())["type"]);
        }
    }

    [Theory]
    [InlineData("gzip", false)]
    [InlineData("GZIP", false)]
    [InlineData("br, identity", false)]
    [InlineData("identity, deflate", false)]
    [InlineData("utf-8", false)]
    [InlineData("identity", true)]
    [InlineData("Identity, identity", true)]
    public async Task AnEncodedBodyIsRefusedWithWhatIsAccepted(string encoding, bool isTaken)
    {
        foreach (var (path, body) in new[] { ("/api/beers", """{"tapId":1,"volume":500}"""), ("/api/beers/batch", """{"beers":[{"tapId":1,"volume":500}]}"""), ("/hubs/taps/negotiate?negotiateVersion=1", "") })
        {
            using var content = body.AsJson();
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            using var answer = await _hub.Http.PostAsync(path, content);
            Assert.True(isTaken == answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode}");
            if (isTaken) continue;
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
            Assert.Equal("identity", answer.Headers.GetValues("Accept-Encoding").Single());
            Assert.Equal("urn:beertap:problem:encoded-body", (string?)(await answer.JsonAsync())["type"]);
        }
    }

    [Fact]
    public async Task ABodyOfTenMegabytesIsTooLarge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = new string(' ', 10 * 1024 * 1024).AsJson() };
        request.Headers.ExpectContinue = true;
        using var answer = await _hub.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("urn:beertap:problem:body-too-large", (string?)(await answer.JsonAsync())["type"]);
        await NothingIsStored();
    }

    [Fact]
    public async Task ABodyThatDoesNotSayHowLongItIsIsCutAtTheLimit()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _hub.Address.Port);
        await using var wire = client.GetStream();
        await wire.WriteAsync(Encoding.ASCII.GetBytes("POST /api/beers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
        var chunk = Encoding.ASCII.GetBytes($"10000\r\n{new string(' ', 0x10000)}\r\n");

        // One chunk more than the limit of 1 MiB, and no end: the answer may not wait for it.
        for (var sent = 0; sent < 17; sent++) await wire.WriteAsync(chunk);

        using var reader = new StreamReader(wire, Encoding.ASCII);
        Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        var headers = new List<string>();
        while (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { Length: > 0 } header) headers.Add(header);
        Assert.Contains(headers, header => header.StartsWith("X-Request-ID: ", StringComparison.Ordinal));
        await NothingIsStored();
    }

    [Theory]
    [InlineData("Bffffffffff")]
    [InlineData("7fffffffffffffff")]
    [InlineData("xyz")]
    public async Task AChunkWithoutASizeIsTheSendersFault(string size)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _hub.Address.Port);
        await using var wire = client.GetStream();
        await wire.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/beers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n-1\r\n"));
        using var reader = new StreamReader(wire, Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.Ordinal);
        await NothingIsStored();
    }

    [Fact]
    public async Task ATrailerThatIsNoTextIsTheSendersFault()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _hub.Address.Port);
        await using var wire = client.GetStream();
        await wire.WriteAsync(Encoding.Latin1.GetBytes("POST /api/beers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nvolume: \u00a2\r\n\r\n"));
        using var reader = new StreamReader(wire, Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.Ordinal);
        await NothingIsStored();
    }

    [Theory]
    [InlineData("page=0", "page")]
    [InlineData("page=-1", "page")]
    [InlineData("page=1.5", "page")]
    [InlineData("page=1%00", "page")]
    [InlineData("page=99999999999999999999", "page")]
    [InlineData("page_size=0", "page_size")]
    [InlineData("page_size=501", "page_size")]
    [InlineData("page_size=x", "page_size")]
    [InlineData("type=bucket", "type")]
    [InlineData("type=PINT", "type")]
    [InlineData("tapId=abc", "tapId")]
    [InlineData("tapId=1&tapId=2", "tapId")]
    [InlineData("from=now", "from")]
    [InlineData("to=2026-01-01", "to")]
    [InlineData("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to")]
    [InlineData("order=up", "order")]
    [InlineData("after_id=-1", "after_id")]
    public async Task ABadFilterIsRefusedByName(string query, string field)
    {
        using var answer = await _hub.Http.GetAsync("/api/beers?" + query);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal([field], (await answer.JsonAsync())["errors"]!.AsObject().Select(error => error.Key));
    }

    [Theory]
    [InlineData("GET", "/api/beers/0", 404)]
    [InlineData("GET", "/api/beers/7", 404)]
    [InlineData("GET", "/api/beers/-1", 404)]
    [InlineData("GET", "/api/beers/abc", 404)]
    [InlineData("GET", "/api/beers/99999999999999999999999", 404)]
    [InlineData("DELETE", "/api/beers/7", 404)]
    [InlineData("GET", "/api/taps/99", 404)]
    [InlineData("GET", "/api/taps/-1", 404)]
    [InlineData("GET", "/api/taps/+1", 404)]
    [InlineData("GET", "/api/taps/%201", 404)]
    [InlineData("GET", "/api/events?after=abc-1%00", 400)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("PUT", "/api/beers", 405)]
    [InlineData("PATCH", "/api/beers/1", 405)]
    [InlineData("GET", "/sockets/beers", 426)]
    public async Task AnUnknownAddressIsAProblemToo(string method, string path, int status)
    {
        await _hub.PourAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await _hub.Http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status, (int)(await answer.JsonAsync())["status"]!);
    }

    [Theory]
    [InlineData("b")]
    [InlineData("")]
    [InlineData("\"a")]
    [InlineData("a", "a")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task AKeyThatIsNoneOrDiffersFromThePourIdIsRefused(params string[] keys)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = """{"tapId":1,"volume":500,"pourId":"a"}""".AsJson() };
        foreach (var key in keys) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var answer = await _hub.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await NothingIsStored();
    }

    private async Task NothingIsStored() => Assert.EndsWith("-0", (string?)(await _hub.GetAsync("/api/events"))["position"], StringComparison.Ordinal);
}
