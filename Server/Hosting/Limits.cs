using System.Text.Json.Serialization;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BeerTap.Server.Hosting;

internal static class Limits
{
    /// <summary>A body may take this long to get going, before <see cref="LimitOptions.BodyBytesPerSecond"/> counts.</summary>
    private static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(5);

    public static void AddLimits(this WebApplicationBuilder builder, LimitOptions limits, IntakeOptions intake)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = intake.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeaderCount = limits.HeaderCount;
            kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
            kestrel.Limits.MaxRequestLineSize = Math.Min(kestrel.Limits.MaxRequestLineSize, limits.HeaderBytes);
            kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
            kestrel.Limits.MinRequestBodyDataRate = limits.BodyBytesPerSecond == 0 ? null : new MinDataRate(limits.BodyBytesPerSecond, BodyGrace);
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, BeerTapJson.Default);
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        builder.Services.AddSingleton(limits);
        builder.Services.AddSingleton<RequestLimits>();
        builder.Services.AddSingleton<ListenerLimits>();

        // What waits is committed and answered, then the hub ends.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
    }
}
