using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;

if (Usage.AnswerTo(args) is { } answer)
{
    Console.WriteLine(answer);
    return 0;
}

// The program's own files lie beside it; the store lies where the hub is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var settings = Settings.Load(builder, args);
if (settings.Faults.Count > 0) return Refusal.Of("The configuration has faults:", settings.Faults);

builder.AddLog(settings.Log);
builder.AddLimits(settings.Intake);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddStorage(settings);
builder.Services.AddBeers(settings);
builder.Services.AddLive(settings);
builder.Services.AddDocs();

try
{
    await using var app = builder.Build();

    app.UseMiddleware<RequestLog>();
    app.UseFaults();
    app.UsePage();
    app.UseWebSockets();
    app.MapBeersApi();
    app.MapTapsApi();
    app.MapReportsApi();
    app.MapLive();
    app.MapHealth();
    app.MapDocs();
    app.UseDrain();

    await app.RunAsync();
    return 0;
}
catch (Exception fault) when (Refusal.Explains(fault))
{
    return Refusal.Of("The hub cannot start:", [fault.Message]);
}
