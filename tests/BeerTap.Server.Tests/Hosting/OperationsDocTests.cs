using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BeerTap.Server.Replication;
using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Live;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The dashboard, the alerts and the table of metrics name what the hub really publishes, as it arrives in Prometheus.</summary>
[Collection(Alone.Name)]
public sealed partial class OperationsDocTests
{
    /// <summary>What Prometheus itself adds.</summary>
    private static readonly string[] Prometheus = ["job", "instance", "le"];

    [Fact]
    public async Task EveryMetricOfTheDashboardAndTheAlertsIsPublished()
    {
        var (metrics, labels) = await PublishedAsync();
        var board = JsonNode.Parse(await File.ReadAllTextAsync(Documents.File("operations", "dashboard.json")))!;
        var ofBoard = board["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? []).Select(target => (string)target!["expr"]!).ToList();
        var ofAlerts = Expression().Matches(await File.ReadAllTextAsync(Documents.File("operations", "alerts.yml"))).Select(match => match.Groups[1].Value).ToList();
        Assert.True(ofBoard.Count > 20 && ofAlerts.Count > 5, $"{ofBoard.Count} and {ofAlerts.Count} expressions were found");
        foreach (var expression in ofBoard.Concat(ofAlerts))
        {
            Assert.All(Names(expression), name => Assert.True(metrics.Contains(name) || labels.Contains(name), $"{name} in {expression} is not published"));
            Assert.Contains(Names(expression), metrics.Contains);
        }

        Assert.All(Label().Matches(string.Join('\n', board.ToJsonString())).Select(match => match.Groups[1].Value), label => Assert.Contains(label, labels));

        // And the other way round: what the hub measures itself is on the dashboard.
        var shown = ofBoard.SelectMany(Names).Select(Base).ToHashSet();
        Assert.Empty(metrics.Where(name => name.StartsWith("beertap_", StringComparison.Ordinal)).Select(Base).Except(shown));
    }

    [Fact]
    public async Task EveryMetricIsInTheTableAndEveryAlertInTheRunbook()
    {
        var (published, _) = await InstrumentsAsync();
        var own = published.Where(instrument => instrument.Meter.Name.StartsWith("BeerTap.", StringComparison.Ordinal)).Select(instrument => instrument.Name).Order(StringComparer.Ordinal);
        var text = await File.ReadAllTextAsync(Documents.File("operations.md"));
        Assert.Equal(own, Row().Matches(text).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));

        var runbook = await File.ReadAllTextAsync(Documents.File("runbook.md"));
        var alerts = Alert().Matches(await File.ReadAllTextAsync(Documents.File("operations", "alerts.yml"))).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"| `{alert}` |", runbook, StringComparison.Ordinal));
    }

    /// <summary>The names as a collector gives them to Prometheus: dots become underscores, units and kinds become endings.</summary>
    private static async Task<(HashSet<string> Metrics, HashSet<string> Labels)> PublishedAsync()
    {
        var (instruments, tags) = await InstrumentsAsync();
        var metrics = new HashSet<string>(StringComparer.Ordinal);
        foreach (var instrument in instruments)
        {
            var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", "1" => "_ratio", _ => "" };
            var name = Underscored(instrument.Name) + unit;
            var kind = instrument.GetType().Name;
            if (kind.StartsWith("Histogram", StringComparison.Ordinal)) metrics.UnionWith([name + "_bucket", name + "_sum", name + "_count"]);
            else if (kind.StartsWith("Counter", StringComparison.Ordinal) || kind.StartsWith("ObservableCounter", StringComparison.Ordinal)) metrics.Add(name + "_total");
            else metrics.Add(name);
        }

        return (metrics, [.. tags.Select(Underscored), .. Prometheus]);
    }

    private static async Task<(IReadOnlyCollection<Instrument> Instruments, IReadOnlyCollection<string> Tags)> InstrumentsAsync()
    {
        var instruments = new ConcurrentDictionary<Instrument, bool>();
        var tags = new ConcurrentDictionary<string, bool>();
        using var listener = new MeterListener();
        await using var hub = await HubUnderTest.StartAsync();
        var meters = hub.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, reader) =>
        {
            if (instrument.Meter.Scope != meters && instrument.Meter.Name != "System.Runtime") return;
            instruments[instrument] = true;
            reader.EnableMeasurementEvents(instrument);
        };
        void Take<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> said, object? state)
        {
            foreach (var tag in said) tags[tag.Key] = true;
        }

        listener.SetMeasurementEventCallback<int>(Take);
        listener.SetMeasurementEventCallback<long>(Take);
        listener.SetMeasurementEventCallback<double>(Take);
        listener.Start();

        // Only there where hubs share a log.
        if (hub.Services.GetService<LogMeter>() is null) _ = new LogMeter(meters, new LogStatus(TimeProvider.System), new OtherHubs(hub.Services.GetRequiredService<TapRegistry>(), TimeProvider.System));
        await hub.PourAsync();
        using (await hub.Http.GetAsync("/api/beers/99"))
        {
        }

        await using var listening = await Listener.ConnectAsync("sse", hub, "earliest");
        await listening.HearContiguousAsync(1, 1);
        listener.RecordObservableInstruments();
        return ([.. instruments.Keys], [.. tags.Keys]);
    }

    private static string Underscored(string name) => name.Replace('.', '_');

    private static string Base(string name) => Ending().Replace(name, "");

    private static IEnumerable<string> Names(string expression) => Name().Matches(Quoted().Replace(expression, "\"\"")).Select(match => match.Value);

    [GeneratedRegex(@"\b(beertap|http|dotnet|kestrel)_[a-z_]+\b")]
    private static partial Regex Name();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("_(total|bucket|sum|count)$")]
    private static partial Regex Ending();

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Label();

    [GeneratedRegex("^ +expr: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Expression();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^\| `(beertap\.[a-z.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
