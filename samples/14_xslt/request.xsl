<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
                xmlns:old="http://old.samples" xmlns="http://new.samples" exclude-result-prefixes="old">
  <xsl:param name="caller">nobody</xsl:param>
  <xsl:template match="/old:CheckPriceRequest">
    <getQuotes for="{$caller}">
      <xsl:for-each select="old:Code">
        <symbol><xsl:value-of select="."/></symbol>
      </xsl:for-each>
    </getQuotes>
  </xsl:template>
</xsl:stylesheet>
