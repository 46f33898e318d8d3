using System.Net;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Holds every answer of a hub under test against the description of its API, and fails the test where they differ.</summary>
internal sealed class AnswerCheck(ApiDescription description) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        var path = request.RequestUri!.AbsolutePath;
        if (description.Find(request.Method.Method, path) is not { } operation)
        {
            return answer;
        }

        // HEAD is not described: it is answered as GET, but opens no stream.
        if (request.Method == HttpMethod.Head && answer.StatusCode == HttpStatusCode.MethodNotAllowed)
        {
            return answer;
        }

        // A stream has no end, and a HEAD no body.
        var media = answer.Content.Headers.ContentType?.MediaType;
        var isJson = media?.EndsWith("json", StringComparison.Ordinal) == true && request.Method != HttpMethod.Head;
        if (isJson)
        {
            await answer.Content.LoadIntoBufferAsync(cancellationToken);
        }

        var body = isJson ? await answer.Content.ReadAsStringAsync(cancellationToken) : null;
        if (description.FaultOf(operation, (int)answer.StatusCode, media, body) is { } fault)
        {
            Assert.Fail($"{request.Method} {path} is not as the description says: {fault}. The answer: {(int)answer.StatusCode} {media} {body}");
        }

        return answer;
    }
}
