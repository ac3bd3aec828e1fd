<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
                xmlns:new="http://new.samples" xmlns="http://old.samples" exclude-result-prefixes="new">
  <xsl:template match="/new:quotes">
    <CheckPriceResponse total="{format-number(sum(new:quote/@last), '0.00')}">
      <xsl:for-each select="new:quote">
        <xsl:sort select="@symbol"/>
        <Price Code="{@symbol}"><xsl:value-of select="@last"/></Price>
      </xsl:for-each>
    </CheckPriceResponse>
  </xsl:template>
  <!-- Whatever else the backend says goes through as it is. -->
  <xsl:template match="/*" priority="-1"><xsl:copy-of select="."/></xsl:template>
</xsl:stylesheet>
