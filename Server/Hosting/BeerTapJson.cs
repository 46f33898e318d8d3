using System.Text.Json.Serialization;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Security;
using BeerTap.Server.Taps;

namespace BeerTap.Server.Hosting;

/// <summary>Everything that goes out as JSON, serialised by generated code: camelCase, and nothing for what is not there.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Beer))]
[JsonSerializable(typeof(BeerAnswer))]
[JsonSerializable(typeof(BeersAnswer))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(NewBeer))]
[JsonSerializable(typeof(NewBeers))]
[JsonSerializable(typeof(EventsAnswer))]
[JsonSerializable(typeof(ShareReport))]
[JsonSerializable(typeof(ShareReportAnswer))]
[JsonSerializable(typeof(TotalsAnswer))]
[JsonSerializable(typeof(MinutesAnswer))]
[JsonSerializable(typeof(TapAnswer))]
[JsonSerializable(typeof(TapsAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(NewKey))]
[JsonSerializable(typeof(NewKeyAnswer))]
[JsonSerializable(typeof(KeysAnswer))]
[JsonSerializable(typeof(Caller))]
[JsonSerializable(typeof(NewDrain))]
[JsonSerializable(typeof(DrainAnswer))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class BeerTapJson : JsonSerializerContext;
